package org.lodge.vhostuser.internal;

/**
 * How much of our address space one device's front-end may take. A file without contents costs it
 * nothing, and what is mapped counts for all guests: there are 128 TiB, and 65530 mappings. Memory
 * that is no longer in the table counts for as long as a request holds it. From any thread.
 */
final class MappingLimit {
  static final long BYTES_MAX = 2L << 40;

  private static final int COUNT_MAX = 2 * MemoryTable.MAX_SLOTS;

  private long bytes;
  private int count;

  synchronized void take(long untrustedBytes) throws RefusedException {
    if (untrustedBytes > BYTES_MAX - bytes || count == COUNT_MAX) {
      throw new RefusedException(
          "%#x bytes of memory with %#x in %d regions mapped already; %#x in %d is the most"
              .formatted(untrustedBytes, bytes, count, BYTES_MAX, COUNT_MAX));
    }
    bytes += untrustedBytes;
    count++;
  }

  synchronized void giveBack(long taken) {
    bytes -= taken;
    count--;
  }
}
