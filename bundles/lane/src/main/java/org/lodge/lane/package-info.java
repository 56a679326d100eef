/** Bytes that pass between guests in bulk, by a disk that each of them has. */
@Export
@Version("1.0.0")
package org.lodge.lane;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
