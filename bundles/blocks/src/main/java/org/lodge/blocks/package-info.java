/** A disk that is kept elsewhere, as the device that serves it sees it, and who has such disks. */
@Export
@Version("1.0.0")
package org.lodge.blocks;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
