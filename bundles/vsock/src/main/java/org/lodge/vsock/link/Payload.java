package org.lodge.vsock.link;

import java.lang.foreign.MemorySegment;
import org.lodge.linux.IoVector;
import org.osgi.annotation.versioning.ConsumerType;

/** Bytes on their way from one side to the other, wherever they lie. One thread at a time. */
@ConsumerType
public interface Payload {

  /** Copies a part. The range must be within the payload. */
  void copy(int offset, MemorySegment to, long toOffset, int length);

  /**
   * Adds where a part lies to a list, so that a system call can take it from there. Valid for as
   * long as the payload is.
   *
   * @return false where the list is full or the bytes have no address, and must be copied
   */
  default boolean addTo(IoVector list, int offset, int length) {
    return false;
  }

  /**
   * Keeps the bytes where they lie beyond the call in which they were given.
   *
   * @return what to read them from until {@link #release}, with the same offsets; null where they
   *     must be copied instead
   */
  default Payload hold() {
    return null;
  }

  /** Lets go of held bytes; once. */
  default void release() {}
}
