/** Windows of guests on the display of another guest: what there is, and what people may do. */
@Export
@Version("1.1.0")
package org.lodge.wayland.router;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
