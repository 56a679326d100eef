package org.lodge.blocks;

/**
 * What a source can do. All but the size stays as it is.
 *
 * @param sizeBytes may grow
 * @param blockBytes to which every offset and length must be aligned: a power of two
 * @param preferredBytes to which they should be: a power of two
 * @param transferBytes of one read or write at most
 * @param flushes whether it has a cache that a flush writes down
 * @param durableWrites whether a single write can be made durable
 * @param discards whether space can be let go
 * @param zeroes whether ranges can be zeroed without sending zeroes
 */
public record BlockLimits(
    long sizeBytes,
    boolean readOnly,
    int blockBytes,
    int preferredBytes,
    int transferBytes,
    boolean flushes,
    boolean durableWrites,
    boolean discards,
    boolean zeroes) {

  public BlockLimits withSize(long otherBytes) {
    return new BlockLimits(
        otherBytes,
        readOnly,
        blockBytes,
        preferredBytes,
        transferBytes,
        flushes,
        durableWrites,
        discards,
        zeroes);
  }
}
