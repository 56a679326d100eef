package org.lodge.filesystem;

import java.util.Optional;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/** Whoever has file systems for guests registers this as an OSGi service. Thread-safe. */
@ConsumerType
public interface FileSystemOffer {

  /** The names that it has now. */
  Set<String> names();

  /**
   * Makes the file system that a guest sees under a name; empty where there is none of that name.
   *
   * @param ledger where it notes what the guest knows, and may find what it knew before Lodge was
   *     killed; closed after the file system
   * @throws FileSystemException where the guest may not have it, or it can't be had
   */
  Optional<Offered> open(String guest, String name, Ledger ledger) throws FileSystemException;
}
