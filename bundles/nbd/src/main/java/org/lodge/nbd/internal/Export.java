package org.lodge.nbd.internal;

import java.io.IOException;
import org.lodge.blocks.BlockLimits;

/**
 * What a server has said of an export, checked.
 *
 * @param sizeBytes a multiple of the block
 * @param flags of the transmission, 16 bits
 * @param blockBytes least block: a power of two, 1 to 64 KiB
 * @param preferredBytes a power of two
 * @param mostBytes of data in a request
 * @param structured whether replies come in chunks
 */
record Export(
    long sizeBytes,
    int flags,
    int blockBytes,
    int preferredBytes,
    int mostBytes,
    boolean structured) {

  static final int BLOCK_MOST = 64 << 10;
  static final int PREFERRED_MOST = 32 << 20;
  private static final int SECTOR_BYTES = 512;
  private static final long SIZE_MOST = 1L << 62;

  /** Without block sizes a server takes any offset and 32 MiB ({@code proto.md}, block sizes). */
  static final int[] BLOCKS_UNSAID = {1, 4096, 32 << 20};

  static Export checked(long untrustedSize, int flags, int[] untrustedBlocks, boolean structured)
      throws IOException {
    int least = untrustedBlocks[0];
    int preferred = untrustedBlocks[1];
    long most = Integer.toUnsignedLong(untrustedBlocks[2]);
    if ((flags & Nbd.HAS_FLAGS) == 0) {
      throw new IOException("the server does not say what its export can do");
    }
    if (Integer.bitCount(least) != 1 || least < 0 || least > BLOCK_MOST) {
      throw new IOException(
          "its least block is %d bytes; a power of two up to 64 KiB is needed".formatted(least));
    }
    if (Integer.bitCount(preferred) != 1 || preferred < least || preferred > PREFERRED_MOST) {
      throw new IOException("its preferred block is %d bytes, which can't be".formatted(preferred));
    }
    if (most < Math.max(least, SECTOR_BYTES)) {
      throw new IOException(
          "it takes at most %d bytes at once, which is too little".formatted(most));
    }
    long block = Math.max(least, SECTOR_BYTES);
    if (untrustedSize < block || untrustedSize > SIZE_MOST) {
      throw new IOException("its size can't be used: " + Long.toUnsignedString(untrustedSize));
    }
    int bounded = (int) Math.min(most, PREFERRED_MOST);
    return new Export(
        untrustedSize / block * block, flags, least, preferred, bounded & -(int) block, structured);
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /**
   * What the device may ask for.
   *
   * @param readOnly where the device wants no more
   * @param transferMost what one request may carry at our side
   */
  BlockLimits limits(boolean readOnly, int transferMost) {
    boolean writable = !readOnly && !has(Nbd.READ_ONLY);
    int block = Math.max(blockBytes, SECTOR_BYTES);
    return new BlockLimits(
        sizeBytes,
        !writable,
        block,
        Math.max(block, preferredBytes),
        Math.max(block, Math.min(mostBytes, transferMost) & -block),
        has(Nbd.SEND_FLUSH),
        has(Nbd.SEND_FUA),
        writable && has(Nbd.SEND_TRIM),
        writable && has(Nbd.SEND_WRITE_ZEROES));
  }
}
