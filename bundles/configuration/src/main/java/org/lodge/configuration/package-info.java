/** Declared configuration: JSON files, their schemas and what is wrong with them. */
@Export
@Version("1.1.0")
package org.lodge.configuration;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
