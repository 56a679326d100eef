package org.lodge.device.fs.internal;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.lodge.filesystem.Data;
import org.lodge.linux.IoVector;
import org.lodge.virtio.DescriptorChain;

/** The data part of a request: what follows a write's arguments, or a read's reply header. */
final class ChainData implements Data {
  private DescriptorChain chain;
  private int firstPiece;
  private long skip;
  private int sizeBytes;

  /** Where {@link #from} was last, and how many bytes lie before that piece. */
  private int piece;

  private long passed;

  /** Of a write; false where the request does not carry so many bytes. */
  boolean ofWrite(DescriptorChain chain, int untrustedSizeBytes) {
    return set(chain, 0, Fuse.IN_HEADER_BYTES + 40, chain.readableBytes(), untrustedSizeBytes);
  }

  /** Of a read; false where the request has no room for so many bytes. */
  boolean ofRead(DescriptorChain chain, int untrustedSizeBytes) {
    return set(
        chain,
        chain.readablePieces(),
        Fuse.OUT_HEADER_BYTES,
        chain.writableBytes(),
        untrustedSizeBytes);
  }

  private boolean set(
      DescriptorChain chain, int piece, int before, long available, int untrustedSizeBytes) {
    this.chain = chain;
    firstPiece = piece;
    this.piece = piece;
    passed = 0;
    skip = before;
    sizeBytes = untrustedSizeBytes;
    return untrustedSizeBytes >= 0
        && untrustedSizeBytes <= Fuse.MAX_WRITE_BYTES + Fuse.PAGE_BYTES
        && before + (long) untrustedSizeBytes <= available;
  }

  @Override
  public int sizeBytes() {
    return sizeBytes;
  }

  @Override
  public boolean ranges(IoVector into, int wantedBytes) {
    int piece = firstPiece;
    long from = skip;
    long left = Math.min(wantedBytes, sizeBytes);
    while (left > 0) {
      long here = chain.pieceBytes(piece);
      if (from >= here) {
        from -= here;
        piece++;
        continue;
      }
      long part = Math.min(left, here - from);
      if (!into.add(chain.pieceAddress(piece) + from, part)) {
        return false;
      }
      left -= part;
      from += part;
    }
    return true;
  }

  @Override
  public ByteBuffer from(int offset) {
    Objects.checkIndex(offset, sizeBytes);
    long at = skip + offset;
    if (at < passed) {
      piece = firstPiece;
      passed = 0;
    }
    while (at - passed >= chain.pieceBytes(piece)) {
      passed += chain.pieceBytes(piece++);
    }
    ByteBuffer bytes = chain.pieceBuffer(piece);
    bytes.position(bytes.position() + (int) (at - passed));
    bytes.limit((int) Math.min(bytes.limit(), bytes.position() + (long) sizeBytes - offset));
    return bytes;
  }
}
