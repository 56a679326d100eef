package org.lodge.virtio.internal;

import static org.lodge.virtio.internal.Layouts.LONG;

import java.lang.foreign.MemorySegment;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;

/**
 * The descriptors of one chain of a packed ring, each loaded once as two longs that no compiler may
 * load again: the address; and length, buffer id and flags.
 */
final class PackedChainCopy {
  final long[] addresses;
  final long[] rests;
  private final int size;

  PackedChainCopy(int size) {
    this.size = size;
    addresses = new long[size];
    rests = new long[size];
  }

  /**
   * @return how many there are
   */
  int take(MemorySegment ring, int first) throws RingException {
    for (int count = 0; count < size; count++) {
      int index = first + count;
      long at = (long) (index < size ? index : index - size) * Layouts.DESCRIPTOR_BYTES;
      addresses[count] = (long) LONG.getOpaque(ring, at);
      rests[count] = (long) LONG.getOpaque(ring, at + 8);
      int flags = (int) (rests[count] >>> 48);
      if ((flags & Layouts.NEXT) == 0) {
        return count + 1;
      }
      if ((flags & Layouts.INDIRECT) != 0) {
        throw new RingException(RingFault.INDIRECT_WITH_NEXT, "descriptor " + index);
      }
    }
    throw new RingException(RingFault.CHAIN_TOO_LONG, "more than %d descriptors".formatted(size));
  }

  /** The untrusted buffer id of a chain of this length: its last descriptor has it. */
  int id(int count) {
    return (int) (rests[count - 1] >>> 32) & 0xffff;
  }
}
