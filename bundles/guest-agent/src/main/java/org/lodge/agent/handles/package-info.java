/**
 * Connections to Unix sockets in guests that carry descriptors: the bytes, and for each descriptor
 * a typed handle that stands for it.
 */
@Export
@Version("1.3.0")
package org.lodge.agent.handles;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
