package org.lodge.virtio;

/** The feature bits that belong to no device in particular (virtio 1.2 section 6). */
public enum Feature {
  /** A descriptor may point to a table of descriptors. */
  INDIRECT_DESC(28),
  /** Either side names the index at which it wants to be notified. */
  EVENT_IDX(29),
  /** Not the legacy interface; Lodge serves no other. */
  VERSION_1(32),
  /** Addresses go through an IOMMU; not offered by Lodge. */
  ACCESS_PLATFORM(33),
  /** One ring of descriptors that both sides write. */
  RING_PACKED(34),
  /** Buffers are used in the order in which they were made available; not offered by Lodge. */
  IN_ORDER(35),
  /** A queue can be reset alone; not offered by Lodge. */
  RING_RESET(40);

  private final int bit;

  Feature(int bit) {
    this.bit = bit;
  }

  public int bit() {
    return bit;
  }

  public long mask() {
    return 1L << bit;
  }

  public boolean in(long features) {
    return (features & mask()) != 0;
  }
}
