package org.lodge.virtio.ring;

/**
 * Where a ring goes on. For a split ring the indices are free-running 16-bit counters and the wrap
 * counters mean nothing; for a packed ring they are below its size.
 */
public record RingPosition(
    int nextAvailable, boolean availableWrap, int nextUsed, boolean usedWrap) {

  /** A ring that has not been used yet. */
  public static final RingPosition FIRST = new RingPosition(0, true, 0, true);

  /** As vhost-user's VRING_BASE has it for a split ring. */
  public static RingPosition ofSplit(int nextAvailable) {
    return new RingPosition(nextAvailable & 0xffff, true, 0, true);
  }

  /** As vhost-user's VRING_BASE has it for a packed ring: two 15-bit indices with a wrap bit. */
  public static RingPosition ofPacked(int base) {
    return new RingPosition(
        base & 0x7fff, (base & 0x8000) != 0, base >>> 16 & 0x7fff, base >>> 31 != 0);
  }

  /** The number that vhost-user's VRING_BASE carries. */
  public int base(boolean packed) {
    return packed
        ? nextAvailable
            | (availableWrap ? 0x8000 : 0)
            | nextUsed << 16
            | (usedWrap ? 0x8000_0000 : 0)
        : nextAvailable;
  }
}
