/** Directories that guests share, whoever keeps them, and the volumes behind their disks. */
@Export
@Version("2.0.0")
package org.lodge.storage;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
