package org.lodge.device.blk.internal;

import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;

/**
 * One request, reused: its header is copied out of guest memory once and checked on the copy
 * (virtio 1.2 section 5.2.6).
 */
final class BlkRequest {
  DescriptorChain chain;
  int type;

  /** Untrusted until {@link Disk#holds} has said so. */
  long untrustedSector;

  /** What lies between the header and the status. */
  long dataBytes;

  boolean hasHeader;
  long startedNanos;

  private final byte[] header = new byte[Blk.HEADER_BYTES];

  /**
   * @throws RingException where there is not even room for a status
   */
  void begin(DescriptorChain chain, long nowNanos) throws RingException {
    this.chain = chain;
    startedNanos = nowNanos;
    if (chain.writableBytes() == 0) {
      chain.complete(0);
      throw new RingException(RingFault.BAD_REQUEST, "a disk request without room for its status");
    }
    hasHeader = chain.readableBytes() >= Blk.HEADER_BYTES;
    if (!hasHeader) {
      type = -1;
      dataBytes = 0;
      return;
    }
    try {
      chain.read(0, header, 0, Blk.HEADER_BYTES);
    } catch (InternalError e) {
      chain.complete(0);
      throw new RingException(RingFault.MEMORY_FAULT, "the header of a disk request");
    }
    type = (int) Blk.INT.get(header, 0);
    untrustedSector = (long) Blk.LONG.get(header, 8);
    dataBytes =
        switch (type) {
          case Blk.T_OUT, Blk.T_DISCARD, Blk.T_WRITE_ZEROES ->
              chain.readableBytes() - Blk.HEADER_BYTES;
          case Blk.T_IN, Blk.T_GET_ID -> chain.writableBytes() - 1;
          default -> 0;
        };
  }

  /** Whether it surely takes long, whatever the file. */
  boolean isSlow() {
    return type == Blk.T_FLUSH || type == Blk.T_DISCARD || type == Blk.T_WRITE_ZEROES;
  }
}
