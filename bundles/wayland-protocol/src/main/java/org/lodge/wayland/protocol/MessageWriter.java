package org.lodge.wayland.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Puts messages together in a buffer: {@code begin}, arguments in their order, {@code end}. A
 * message that does not fit in its 16 bits of size or in the buffer throws unchecked: whoever
 * writes knows what he writes. Not thread-safe.
 */
public final class MessageWriter {
  private ByteBuffer into;
  private int start;
  private int opcode;

  /**
   * @param into little-endian; written from its position on
   */
  public MessageWriter begin(ByteBuffer into, int object, int opcode) {
    if (into.order() != ByteOrder.LITTLE_ENDIAN) {
      throw new IllegalArgumentException("Wayland is written little-endian here");
    }
    this.into = into;
    this.opcode = opcode;
    start = into.position();
    into.putInt(object).putInt(0);
    return this;
  }

  /** A number, object, new object or fixed point number. */
  public MessageWriter word(int value) {
    into.putInt(value);
    return this;
  }

  /**
   * @param value without NUL; null for a null string
   */
  public MessageWriter string(String value) {
    if (value == null) {
      into.putInt(0);
      return this;
    }
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    into.putInt(bytes.length + 1).put(bytes).put((byte) 0);
    return pad(bytes.length + 1);
  }

  public MessageWriter array(byte[] value) {
    into.putInt(value.length).put(value);
    return pad(value.length);
  }

  public void end() {
    int size = into.position() - start;
    if (size > MessageReader.MAX_MESSAGE_BYTES) {
      throw new IllegalStateException("a message of " + size + " bytes");
    }
    into.putInt(start + Integer.BYTES, size << 16 | opcode);
  }

  private MessageWriter pad(int length) {
    for (int i = length; (i & 3) != 0; i++) {
      into.put((byte) 0);
    }
    return this;
  }
}
