/**
 * Linux as the rest of Lodge sees it: file descriptors with one owner each, shared memory, event
 * and process descriptors, Unix sockets that pass descriptors, and the service manager.
 *
 * <p>Every type that ends in {@code Fd} or extends {@link org.lodge.linux.Fd} owns one descriptor
 * and closes it once. Failed calls are {@link org.lodge.linux.LinuxException}s that name the call
 * and its error.
 */
@Export
@Version("1.4.0")
package org.lodge.linux;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
