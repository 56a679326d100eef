package org.lodge.virtio.ring;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.lodge.virtio.RingException;
import org.osgi.annotation.versioning.ProviderType;

/** Makes rings and the memory they lie in. An OSGi service; thread-safe. */
@ProviderType
public interface Rings {

  /**
   * @param regions that don't overlap
   * @param released runs once, when nobody holds the memory any more; on any thread
   * @throws IllegalArgumentException where a region is empty, wraps around, overlaps another, or
   *     can't be used by every thread
   */
  GuestMemory memory(List<MemoryRegion> regions, Runnable released);

  /**
   * Opens a ring. Requests that the inflight area knows as not completed come first.
   *
   * @throws RingException where areas, size, position or inflight area are not what they must be
   */
  Ring open(RingSetup setup, GuestMemory memory, RingPort port) throws RingException;

  /**
   * The size in bytes of one queue's part of the inflight area (vhost-user, "Inflight I/O
   * tracking"), a multiple of 64. All zero means a fresh one. The layout never changes.
   */
  long inflightBytes(int size, boolean packed);

  /**
   * Lets the next ring over a closed one's part of the inflight area begin at the position that it
   * is given, unless requests are still in flight there. To be called only once the closed one's
   * position is safe: until then the area is what knows it.
   */
  void settleInflight(MemorySegment area, int size, boolean packed);
}
