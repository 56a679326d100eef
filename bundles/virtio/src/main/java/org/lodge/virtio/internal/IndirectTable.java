package org.lodge.virtio.internal;

import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;

/**
 * Reads a table of descriptors (virtio 1.2 sections 2.7.5.3 and 2.8.7): copied whole, then walked
 * on the copy.
 *
 * <p>A table may be longer than its queue up to {@link #ENTRIES_MAX}: the specification forbids it,
 * Linux does it all the same.
 */
final class IndirectTable {
  private static final int ENTRIES_MAX = 1024;

  private final int entriesMax;
  private byte[] copy = new byte[64 * Layouts.DESCRIPTOR_BYTES];

  IndirectTable(int queueSize) {
    entriesMax = Math.max(queueSize, ENTRIES_MAX);
  }

  /**
   * @param linked whether entries name the next, as in a split ring; otherwise they follow each
   *     other
   */
  void read(Memory memory, long untrustedAddress, int untrustedLength, boolean linked, Chain into)
      throws RingException {
    int entries = entries(untrustedLength);
    if (copy.length < untrustedLength) {
      copy = new byte[entriesMax * Layouts.DESCRIPTOR_BYTES];
    }
    memory.copy(untrustedAddress, copy, untrustedLength);
    int index = 0;
    for (int steps = 0; ; steps++) {
      if (steps == entries) {
        if (!linked) {
          return;
        }
        throw new RingException(RingFault.CHAIN_TOO_LONG, "loop in an indirect table");
      }
      long address = (long) Layouts.LONG_IN_BYTES.get(copy, index * Layouts.DESCRIPTOR_BYTES);
      long rest = (long) Layouts.LONG_IN_BYTES.get(copy, index * Layouts.DESCRIPTOR_BYTES + 8);
      int flags = (int) (linked ? rest >>> 32 : rest >>> 48) & 0xffff;
      if ((flags & Layouts.INDIRECT) != 0) {
        throw new RingException(RingFault.INDIRECT_NESTED, "entry " + index);
      }
      into.add(address, (int) rest, (flags & Layouts.WRITE) != 0);
      if (!linked) {
        index++;
      } else if ((flags & Layouts.NEXT) == 0) {
        return;
      } else {
        index = (int) (rest >>> 48);
        if (index >= entries) {
          throw new RingException(
              RingFault.NEXT_OUT_OF_RANGE, "%d of %d table entries".formatted(index, entries));
        }
      }
    }
  }

  private int entries(int untrustedLength) throws RingException {
    int entries = Integer.divideUnsigned(untrustedLength, Layouts.DESCRIPTOR_BYTES);
    if (untrustedLength % Layouts.DESCRIPTOR_BYTES != 0 || entries == 0 || entries > entriesMax) {
      throw new RingException(
          RingFault.INDIRECT_LENGTH,
          "%s bytes, at most %d entries"
              .formatted(Integer.toUnsignedString(untrustedLength), entriesMax));
    }
    return entries;
  }
}
