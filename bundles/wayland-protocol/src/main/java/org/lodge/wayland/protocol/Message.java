package org.lodge.wayland.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A message that a {@link MessageReader} has checked against its type. One instance per reader,
 * valid until the next message is read.
 *
 * <p>Checked are the shape and nulls; whether objects exist is not. Arguments are counted as in
 * {@link MessageType}. Not thread-safe.
 */
public final class Message {
  /** As in libwayland ({@code WL_CLOSURE_MAX_ARGS}). */
  static final int MAX_ARGUMENTS = 20;

  static final int HEADER_BYTES = 8;

  private final int[] offsets = new int[MAX_ARGUMENTS];
  private ByteBuffer bytes = ByteBuffer.allocate(0);
  private int start;
  private int sizeBytes;
  private MessageType type;

  Message() {}

  public int object() {
    return bytes.getInt(start);
  }

  public MessageType type() {
    return type;
  }

  /** With the header. */
  public int sizeBytes() {
    return sizeBytes;
  }

  /** A number, object, new object or fixed point number, as it stands in the message. */
  public int word(int argument) {
    return bytes.getInt(offsets[argument]);
  }

  public boolean isNull(int argument) {
    return word(argument) == 0;
  }

  /** Length of a string without its NUL, or of an array, in bytes. */
  public int length(int argument) {
    int length = word(argument);
    return type.kind(argument) == MessageType.STRING && length > 0 ? length - 1 : length;
  }

  /** One byte of a string or array. */
  public byte byteAt(int argument, int index) {
    return bytes.get(offsets[argument] + Integer.BYTES + index);
  }

  /**
   * A string; bytes that are not UTF-8 become U+FFFD.
   *
   * @return null where it is null
   */
  public String string(int argument) {
    if (isNull(argument)) {
      return null;
    }
    byte[] content = new byte[length(argument)];
    bytes.get(offsets[argument] + Integer.BYTES, content);
    return new String(content, StandardCharsets.UTF_8);
  }

  /** Writes another number, object or new object in place. */
  public void setWord(int argument, int value) {
    bytes.putInt(offsets[argument], value);
  }

  /** Writes another receiver in place. */
  public void setObject(int object) {
    bytes.putInt(start, object);
  }

  /** Appends the message as it is, {@link #sizeBytes} long. */
  public void copyTo(ByteBuffer into) {
    into.put(into.position(), bytes, start, sizeBytes);
    into.position(into.position() + sizeBytes);
  }

  /**
   * Takes a whole message and checks it.
   *
   * @param from little-endian
   */
  void parse(ByteBuffer from, int at, int size, MessageType as) throws WaylandException {
    bytes = from;
    start = at;
    sizeBytes = size;
    type = as;
    int end = at + size;
    int next = at + HEADER_BYTES;
    for (int i = 0; i < as.argumentCount(); i++) {
      char kind = as.kind(i);
      offsets[i] = next;
      if (kind == MessageType.HANDLE) {
        continue;
      }
      if (end - next < Integer.BYTES) {
        throw malformed("is too short");
      }
      int untrustedWord = from.getInt(next);
      next += Integer.BYTES;
      switch (kind) {
        case MessageType.STRING, MessageType.ARRAY ->
            next += blobBytes(untrustedWord, next, end, i);
        case MessageType.OBJECT, MessageType.NEW_ID -> {
          if (untrustedWord == 0 && !as.isNullable(i)) {
            throw malformed("has a null object where none may be");
          }
        }
        default -> {}
      }
    }
    if (next != end) {
      throw malformed("is longer than its arguments");
    }
  }

  private int blobBytes(int untrustedLength, int at, int end, int argument)
      throws WaylandException {
    if (untrustedLength < 0 || untrustedLength > end - at) {
      throw malformed("has a string or array that is longer than it");
    }
    if (type.kind(argument) == MessageType.STRING) {
      checkString(untrustedLength, at, argument);
    }
    int padded = (untrustedLength + 3) & ~3;
    if (padded > end - at) {
      throw malformed("ends within the padding of a string or array");
    }
    return padded;
  }

  private void checkString(int length, int at, int argument) throws WaylandException {
    if (length == 0) {
      if (!type.isNullable(argument)) {
        throw malformed("has a null string where none may be");
      }
      return;
    }
    for (int i = 0; i < length - 1; i++) {
      if (bytes.get(at + i) == 0) {
        throw malformed("has a string with a NUL inside");
      }
    }
    if (bytes.get(at + length - 1) != 0) {
      throw malformed("has a string without a NUL at its end");
    }
  }

  private WaylandException malformed(String how) {
    return WaylandException.ofDisplay(WaylandException.INVALID_METHOD, type + " " + how);
  }

  static ByteBuffer room(int sizeBytes) {
    return ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
