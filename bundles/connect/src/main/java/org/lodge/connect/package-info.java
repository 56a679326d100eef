/** Connections: asked for by name, allowed by a rule, used once, accounted and closed. */
@Export
@Version("1.3.0")
package org.lodge.connect;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
