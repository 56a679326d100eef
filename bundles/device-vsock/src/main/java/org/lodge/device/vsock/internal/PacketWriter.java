package org.lodge.device.vsock.internal;

import java.lang.foreign.MemorySegment;
import org.lodge.virtio.DescriptorChain;
import org.lodge.vsock.link.Payload;

/** Writes packets into a guest's receive buffers. Used with the lock of {@link Connections}. */
final class PacketWriter {
  private final long guestCid;
  private final Header header = new Header();
  private volatile long packets;
  private volatile long bytes;

  PacketWriter(long guestCid) {
    this.guestCid = guestCid;
  }

  /** Writes a packet of a connection, with news of its credit. */
  void write(
      Connection of,
      DescriptorChain buffer,
      int operation,
      int flags,
      Payload payload,
      int offset,
      int length) {
    of.forwardedToldToGuest = of.forwardedCount();
    try {
      header
          .addresses(Header.HOST_CID, guestCid, of.hostPort, of.guestPort)
          .content(of.type.wire(), operation, flags, length)
          .credit(of.windowBytes, of.forwardedToldToGuest)
          .writeTo(buffer);
      fill(buffer, payload, offset, length);
    } catch (InternalError e) {
      buffer.completeBatched(0);
      throw e;
    }
    buffer.completeBatched(Header.BYTES + (long) length);
    packets++;
    bytes += length;
  }

  private static void fill(DescriptorChain buffer, Payload payload, int offset, int length) {
    int done = 0;
    long skip = Header.BYTES;
    for (int piece = buffer.readablePieces(); done < length; piece++) {
      int size = buffer.pieceBytes(piece);
      if (skip >= size) {
        skip -= size;
        continue;
      }
      int part = (int) Math.min(length - done, size - skip);
      MemorySegment memory = buffer.pieceMemory(piece);
      payload.copy(offset + done, memory, buffer.pieceOffset(piece) + skip, part);
      done += part;
      skip = 0;
    }
  }

  /** Writes the answer to a packet of no connection. */
  void writeReset(DescriptorChain buffer, long fromCid, int fromPort, int guestPort, int type) {
    header
        .addresses(fromCid, guestCid, fromPort, guestPort)
        .content(type, Header.RST, 0, 0)
        .credit(0, 0)
        .writeTo(buffer);
    buffer.completeBatched(Header.BYTES);
    packets++;
  }

  long packets() {
    return packets;
  }

  long bytes() {
    return bytes;
  }
}
