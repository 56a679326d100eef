/** What a virtio socket device and the host's ends of its connections say to each other. */
@Export
@Version("1.1.0")
package org.lodge.vsock.link;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
