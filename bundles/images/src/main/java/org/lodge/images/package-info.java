/** Guest images: built from Debian packages or imported, pinned by digest. */
@Export
@Version("1.1.0")
package org.lodge.images;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
