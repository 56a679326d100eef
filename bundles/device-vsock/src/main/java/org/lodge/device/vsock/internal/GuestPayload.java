package org.lodge.device.vsock.internal;

import java.lang.foreign.MemorySegment;
import org.lodge.linux.IoVector;
import org.lodge.virtio.DescriptorChain;
import org.lodge.vsock.link.Payload;

/**
 * The bytes behind the header of a packet that a guest sends, in any number of descriptors: a large
 * write, or one with {@code MSG_ZEROCOPY}, comes in many.
 */
final class GuestPayload implements Payload {
  private static final int HELD_BYTES_MIN = 4096;

  private final FromGuest queue;
  private Connection connection;
  private DescriptorChain chain;
  private int length;
  private boolean held;

  GuestPayload(FromGuest queue) {
    this.queue = queue;
  }

  GuestPayload of(Connection connection, DescriptorChain chain, int length) {
    this.connection = connection;
    this.chain = chain;
    this.length = length;
    held = false;
    return this;
  }

  /** Whether the chain was kept and must not be completed by the one who gave it. */
  boolean isHeld() {
    return held;
  }

  @Override
  public void copy(int offset, MemorySegment to, long toOffset, int length) {
    copy(chain, offset, to, toOffset, length);
  }

  @Override
  public boolean addTo(IoVector list, int offset, int length) {
    return addTo(chain, list, offset, length);
  }

  @Override
  public Payload hold() {
    if (length < HELD_BYTES_MIN || !queue.mayHold(connection)) {
      return null;
    }
    held = true;
    return new Held(queue, connection, chain);
  }

  private record Held(FromGuest queue, Connection connection, DescriptorChain chain)
      implements Payload {
    @Override
    public void copy(int offset, MemorySegment to, long toOffset, int length) {
      GuestPayload.copy(chain, offset, to, toOffset, length);
    }

    @Override
    public boolean addTo(IoVector list, int offset, int length) {
      return GuestPayload.addTo(chain, list, offset, length);
    }

    @Override
    public void release() {
      queue.released(connection);
      chain.complete(0);
    }
  }

  private static boolean addTo(DescriptorChain chain, IoVector list, int offset, int length) {
    long skip = Header.BYTES + (long) offset;
    int done = 0;
    for (int piece = 0; done < length; piece++) {
      int size = chain.pieceBytes(piece);
      if (skip >= size) {
        skip -= size;
        continue;
      }
      int part = (int) Math.min(length - done, size - skip);
      if (!list.add(chain.pieceAddress(piece) + skip, part)) {
        return false;
      }
      done += part;
      skip = 0;
    }
    return true;
  }

  private static void copy(
      DescriptorChain chain, int offset, MemorySegment to, long toOffset, int length) {
    long skip = Header.BYTES + (long) offset;
    int done = 0;
    for (int piece = 0; done < length; piece++) {
      int size = chain.pieceBytes(piece);
      if (skip >= size) {
        skip -= size;
        continue;
      }
      int part = (int) Math.min(length - done, size - skip);
      MemorySegment.copy(
          chain.pieceMemory(piece), chain.pieceOffset(piece) + skip, to, toOffset + done, part);
      done += part;
      skip = 0;
    }
  }
}
