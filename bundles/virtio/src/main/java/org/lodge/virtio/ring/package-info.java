/** What a transport needs to serve the queues of a device: guest memory and rings. */
@Export
@Version("1.2.0")
package org.lodge.virtio.ring;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
