/** The SPI of a virtio device: what a device offers, and the queues and requests that it sees. */
@Export
@Version("1.1.0")
package org.lodge.virtio;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
