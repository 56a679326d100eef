/**
 * A tree of files as the device that serves it sees it: a {@link FileSystem} of numbered nodes, who
 * offers one, and directories of the host as one.
 */
@Export
@Version("1.4.0")
package org.lodge.filesystem;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
