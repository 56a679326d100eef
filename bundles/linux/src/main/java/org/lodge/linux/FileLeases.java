package org.lodge.linux;

import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Who uses which disk image: one that writes, or any number that only read. It holds among all that
 * ask here, and towards every QEMU program on this host, which lock images in the same way (QEMU,
 * {@code docs/system/images.rst}, "Disk image file locking").
 *
 * <p>An OSGi service, thread-safe.
 */
@ProviderType
public interface FileLeases {

  /** Ends with {@link #close}, once; the end of this process is the end of all. */
  interface Lease extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Takes a file or block device.
   *
   * @param owner a person's words for who it is, such as {@code guest 'work', device 'data'}. The
   *     same owner may take the same file more than once, as when its successor takes over.
   * @throws LinuxException with {@code EAGAIN} where another uses it so that both can't; its
   *     message names file and owner. A file system without locks is no reason.
   */
  Lease take(Path path, boolean writing, String owner) throws LinuxException;
}
