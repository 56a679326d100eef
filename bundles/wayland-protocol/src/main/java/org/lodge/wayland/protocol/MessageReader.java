package org.lodge.wayland.protocol;

import java.nio.ByteBuffer;

/**
 * Cuts one direction of a connection into checked messages. Bytes come in pieces of any size; a
 * message is held back until it and the descriptors it carries are there. Refuses what libwayland
 * refuses, and what it overlooks: sizes that are no multiple of 4 and bytes after the arguments.
 *
 * <p>Allocates nothing per message; its buffer grows to at most 64 KiB. Not thread-safe.
 */
public final class MessageReader {
  /** The most that the 16 bits of a header can say. */
  public static final int MAX_MESSAGE_BYTES = 65532;

  private static final int FIRST_ROOM_BYTES = 4096;
  private static final int MAX_ROOM_BYTES = 65536;

  private final Message message = new Message();
  private ByteBuffer room = Message.room(FIRST_ROOM_BYTES);
  private int start;
  private int end;

  /**
   * Takes bytes, as many as there is room for: at least one as long as all messages that are
   * complete have been read.
   *
   * @return how many
   */
  public int append(ByteBuffer from) {
    if (start > 0) {
      room.put(0, room, start, end - start);
      end -= start;
      start = 0;
    }
    int count = from.remaining();
    if (count > room.capacity() - end && room.capacity() < MAX_ROOM_BYTES) {
      grow(end + count);
    }
    count = Math.min(count, room.capacity() - end);
    room.put(end, from, from.position(), count);
    from.position(from.position() + count);
    end += count;
    return count;
  }

  /**
   * Reads the next message.
   *
   * @param handles how many descriptors have arrived and belong to no message yet
   * @return null if it is not complete, or its descriptors have not come; {@link #needsHandles}
   *     tells which
   * @throws WaylandException if it is malformed; then nothing more can be read
   */
  public Message next(ObjectTypes objects, int handles) throws WaylandException {
    int available = end - start;
    if (available < Message.HEADER_BYTES) {
      return null;
    }
    int untrustedObject = room.getInt(start);
    int untrustedHeader = room.getInt(start + Integer.BYTES);
    int untrustedSize = untrustedHeader >>> 16;
    if (untrustedSize < Message.HEADER_BYTES || (untrustedSize & 3) != 0) {
      throw WaylandException.ofDisplay(
          WaylandException.INVALID_METHOD, "a message says that it has a size of " + untrustedSize);
    }
    if (available < untrustedSize) {
      return null;
    }
    MessageType type = objects.typeOf(untrustedObject, untrustedHeader & 0xffff);
    if (type.handleCount() > handles) {
      return null;
    }
    message.parse(room, start, untrustedSize, type);
    start += untrustedSize;
    return message;
  }

  /** Whether a whole message is there that lacks descriptors only. */
  public boolean needsHandles() {
    int available = end - start;
    return available >= Message.HEADER_BYTES
        && available >= room.getInt(start + Integer.BYTES) >>> 16;
  }

  /** Whether nothing waits: false at the end of a stream means that it was cut in a message. */
  public boolean isEmpty() {
    return start == end;
  }

  private void grow(int wanted) {
    int size = room.capacity();
    while (size < wanted && size < MAX_ROOM_BYTES) {
      size *= 2;
    }
    ByteBuffer larger = Message.room(size);
    larger.put(0, room, 0, end);
    room = larger;
  }
}
