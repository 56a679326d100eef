package org.lodge.lane;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ProviderType;

/** The lane of one guest, for the device that serves it. Thread-safe; allocates nothing. */
@ProviderType
public interface LaneEnd {

  /**
   * The guest has written. Position and length are untrusted.
   *
   * @param position in the lane, in bytes
   * @return false where the guest was given no such range to write
   * @throws InternalError where the guest's memory is gone
   */
  boolean write(long position, MemorySegment from, long offset, long bytes);

  /**
   * The guest reads. Position and length are untrusted.
   *
   * @param position in the lane, in bytes
   * @return false where there is nothing for it
   * @throws InternalError where the guest's memory is gone
   */
  boolean read(long position, MemorySegment into, long offset, long bytes);
}
