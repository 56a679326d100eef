/**
 * The wire format of Wayland: which interfaces and messages there are, and how untrusted bytes
 * become checked messages. Nothing here knows what a message means.
 */
@Export
@Version("1.0.0")
package org.lodge.wayland.protocol;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
