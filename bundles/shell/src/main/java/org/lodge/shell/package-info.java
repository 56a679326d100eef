/**
 * How a bundle adds a command: it registers a {@link org.lodge.shell.Command} service. Help, man
 * page, argument parsing, completion and JSON errors follow from the command's description.
 */
@Export
@Version("1.2.0")
package org.lodge.shell;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
