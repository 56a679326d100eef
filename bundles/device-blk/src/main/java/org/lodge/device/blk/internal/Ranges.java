package org.lodge.device.blk.internal;

/**
 * The ranges of a discard or a write of zeroes (virtio 1.2 section 5.2.6), copied once out of guest
 * memory and checked on the copy. Reused; confined to whoever executes the request.
 */
final class Ranges {
  private static final int UNMAP = 1;

  private final byte[] copy = new byte[Blk.RANGES_MAX * Blk.RANGE_BYTES];
  private int count;

  /** Whether a range lies on the disk and is aligned as it must be. */
  @FunctionalInterface
  interface Bounds {
    boolean hold(long untrustedSector, long untrustedBytes);
  }

  /**
   * Takes all ranges of a request, before the first is touched.
   *
   * @return how the request is to be answered where they can't be; else {@link Blk#S_OK}
   */
  byte take(BlkRequest request, BlkSettings settings, Bounds bounds) {
    count = 0;
    if (settings.readOnly()
        || request.dataBytes % Blk.RANGE_BYTES != 0
        || request.dataBytes == 0
        || request.dataBytes > copy.length) {
      return Blk.S_IOERR;
    }
    request.chain.read(Blk.HEADER_BYTES, copy, 0, (int) request.dataBytes);
    int all = (int) request.dataBytes / Blk.RANGE_BYTES;
    int allowed = request.type == Blk.T_WRITE_ZEROES ? UNMAP : 0;
    for (int at = 0; at < all; at++) {
      if ((flags(at) & ~allowed) != 0) {
        return Blk.S_UNSUPP;
      }
      if (sectors(at) > settings.discardMaxSectors()
          || !bounds.hold(sector(at), sectors(at) << Blk.SECTOR_SHIFT)) {
        return Blk.S_IOERR;
      }
    }
    count = all;
    return Blk.S_OK;
  }

  int count() {
    return count;
  }

  long offset(int at) {
    return sector(at) << Blk.SECTOR_SHIFT;
  }

  long bytes(int at) {
    return sectors(at) << Blk.SECTOR_SHIFT;
  }

  boolean mayUnmap(int at) {
    return (flags(at) & UNMAP) != 0;
  }

  private long sector(int at) {
    return (long) Blk.LONG.get(copy, at * Blk.RANGE_BYTES);
  }

  private long sectors(int at) {
    return Integer.toUnsignedLong((int) Blk.INT.get(copy, at * Blk.RANGE_BYTES + 8));
  }

  private int flags(int at) {
    return (int) Blk.INT.get(copy, at * Blk.RANGE_BYTES + 12);
  }
}
