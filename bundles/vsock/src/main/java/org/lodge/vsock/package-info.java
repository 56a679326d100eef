/** Connections with guests over virtio sockets, as Java objects. */
@Export
@Version("1.1.0")
package org.lodge.vsock;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
