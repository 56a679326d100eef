package org.lodge.device.fs.internal;

import java.lang.foreign.MemorySegment;
import org.lodge.filesystem.Data;
import org.lodge.linux.IoVector;
import org.lodge.virtio.DescriptorChain;

/** The data part of a request: what follows a write's arguments, or a read's reply header. */
final class ChainData implements Data {
  private DescriptorChain chain;
  private int firstPiece;
  private long skip;
  private int sizeBytes;

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
  public void copyTo(int offset, MemorySegment into, long intoOffset, int count) {
    copy(offset, into, intoOffset, count, false);
  }

  @Override
  public void copyFrom(MemorySegment from, long fromOffset, int offset, int count) {
    copy(offset, from, fromOffset, count, true);
  }

  private void copy(int offset, MemorySegment other, long at, int count, boolean toGuest) {
    int piece = firstPiece;
    long from = skip + offset;
    for (long done = 0; done < count; ) {
      long here = chain.pieceBytes(piece);
      if (from >= here) {
        from -= here;
        piece++;
        continue;
      }
      long part = Math.min(count - done, here - from);
      MemorySegment memory = chain.pieceMemory(piece);
      long inMemory = chain.pieceOffset(piece) + from;
      if (toGuest) {
        MemorySegment.copy(other, at + done, memory, inMemory, part);
      } else {
        MemorySegment.copy(memory, inMemory, other, at + done, part);
      }
      done += part;
      from += part;
    }
  }
}
