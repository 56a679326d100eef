package org.lodge.virtio.ring;

import org.osgi.annotation.versioning.ProviderType;

/**
 * All memory of a guest that its devices may touch: an unchanging set of regions, counted.
 *
 * <p>It is made with one holder, its maker. Every ring that uses it holds it too, until the last
 * request that was taken under it has been completed. Thread-safe.
 */
@ProviderType
public interface GuestMemory {

  /**
   * Adds a holder.
   *
   * @throws IllegalStateException where the last one has gone
   */
  void retain();

  /** Takes a holder away; with the last one the memory's {@code released} action runs, here. */
  void release();
}
