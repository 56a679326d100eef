/** Directories that guests share, whoever keeps them. */
@Export
@Version("1.0.0")
package org.lodge.storage;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
