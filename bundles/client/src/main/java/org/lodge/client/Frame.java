package org.lodge.client;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * One frame of the admin socket's protocol, version 2.
 *
 * <pre>
 * offset  size  field
 *      0     1  type
 *      1     4  length of the payload, big-endian, at most {@value #MAX_PAYLOAD_BYTES}
 *      5     n  payload
 *
 * type  from    name        payload
 *    1  client  RUN         JSON: version, argv, cwd, columns, rows, stdinTty, stdoutTty, stderrTty,
 *                           term, noColor; the first frame, once
 *    2  client  STDIN       bytes; no more in all than READ_STDIN frames have granted
 *    3  client  STDIN_EOF   empty
 *    4  client  WINCH       columns u16, rows u16, big-endian
 *    5  client  INTERRUPT   empty
 *   65  server  STDOUT      bytes
 *   66  server  STDERR      bytes
 *   67  server  EXIT        exit code u8; the last frame
 *   68  server  READ_STDIN  u32 big-endian: the command reads, and the client may send so many bytes
 *                           more; a client that was not asked leaves its standard input to
 *                           whoever reads next
 *   69  server  TTY_MODE    u8: 1 puts the client's terminal into raw mode, 0 restores it
 * </pre>
 *
 * A receiver closes the connection on a frame that is too long or whose type it does not know.
 */
public record Frame(int type, byte[] payload) {
  public static final int HEADER_BYTES = 5;
  public static final int MAX_PAYLOAD_BYTES = 1 << 16;

  public static final int RUN = 1;
  public static final int STDIN = 2;
  public static final int STDIN_EOF = 3;
  public static final int WINCH = 4;
  public static final int INTERRUPT = 5;
  public static final int STDOUT = 65;
  public static final int STDERR = 66;
  public static final int EXIT = 67;
  public static final int READ_STDIN = 68;
  public static final int TTY_MODE = 69;

  private static final byte[] EMPTY = new byte[0];

  public static ByteBuffer encode(int type) {
    return encode(type, EMPTY, 0, 0);
  }

  public static ByteBuffer encode(int type, byte[] payload) {
    return encode(type, payload, 0, payload.length);
  }

  public static ByteBuffer encode(int type, byte[] bytes, int offset, int length) {
    if (length > MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException("A frame carries at most " + MAX_PAYLOAD_BYTES + " bytes");
    }
    ByteBuffer frame = ByteBuffer.allocate(HEADER_BYTES + length);
    return frame.put((byte) type).putInt(length).put(bytes, offset, length).flip();
  }

  /**
   * Reads one frame; blocks.
   *
   * @return null at an end between two frames
   * @throws EOFException if the stream ends within a frame
   * @throws IOException if the frame is not one of this protocol
   */
  public static Frame read(ReadableByteChannel channel) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    if (!fill(channel, header)) {
      return null;
    }
    int untrustedType = header.get(0);
    int untrustedLength = header.getInt(1);
    boolean known =
        untrustedType >= RUN && untrustedType <= INTERRUPT
            || untrustedType >= STDOUT && untrustedType <= TTY_MODE;
    if (!known) {
      throw new IOException("Unknown frame type " + (untrustedType & 0xff));
    }
    if (untrustedLength < 0 || untrustedLength > MAX_PAYLOAD_BYTES) {
      throw new IOException("Frame of " + Integer.toUnsignedLong(untrustedLength) + " bytes");
    }
    ByteBuffer payload = ByteBuffer.allocate(untrustedLength);
    if (untrustedLength > 0 && !fill(channel, payload)) {
      throw new EOFException("The stream ended within a frame");
    }
    return new Frame(untrustedType, payload.array());
  }

  private static boolean fill(ReadableByteChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        if (buffer.position() == 0) {
          return false;
        }
        throw new EOFException("The stream ended within a frame");
      }
    }
    return true;
  }
}
