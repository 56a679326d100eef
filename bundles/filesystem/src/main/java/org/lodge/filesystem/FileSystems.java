package org.lodge.filesystem;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Where devices get the file systems that they serve. An OSGi service; thread-safe. A file system
 * outlives the logic of its device, so that new logic goes on with the same nodes and handles. What
 * the guest knows of it outlives Lodge too, where a service manager keeps it.
 */
@ProviderType
public interface FileSystems {

  /** One use of a file system; with the end of the last one the file system ends. */
  @ProviderType
  interface Lease extends AutoCloseable {
    FileSystem fileSystem();

    @Override
    void close();
  }

  /**
   * Takes the file system of one device of one guest, made now or in use already.
   *
   * @param share the name of an offer
   * @throws FileSystemException where there is no such offer, or it can't be had
   */
  Lease open(String guest, String device, String share) throws FileSystemException;

  /** As {@link #open}, of a directory of the host. */
  Lease open(String guest, String device, DirectorySettings settings, Rules rules)
      throws FileSystemException;

  /** A directory of the host without rules, for an offer to give. */
  FileSystem directory(DirectorySettings settings, Ledger ledger) throws FileSystemException;

  /**
   * Takes a share back from a guest at once: whatever it has open or tries from now on gives {@link
   * Errno#EIO}.
   */
  void revoke(String guest, String share);
}
