/**
 * Devices of guests, served over vhost-user: each has a socket that a monitor connects to, and
 * logic that can be replaced while the guest uses it.
 */
@Export
@Version("1.1.0")
package org.lodge.vhostuser;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
