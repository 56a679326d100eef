package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lodge.connect.ByteStream;

/**
 * Frames of the agent, one at a time, each whole in one buffer. Before each there is room for the
 * header under which its rows go on to another agent.
 */
final class Input {
  private static final int HEADROOM_BYTES = Frame.HEADER_BYTES + Frame.ROWS_BYTES;
  private static final int CAPACITY_BYTES =
      HEADROOM_BYTES + 2 * (Frame.HEADER_BYTES + Frame.CHUNK_BYTES_MAX);

  private final ByteStream stream;
  private final ByteBuffer bytes =
      ByteBuffer.allocateDirect(CAPACITY_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  /** From here on bytes are filled and not taken. */
  private int start = HEADROOM_BYTES;

  private int end = HEADROOM_BYTES;
  private int frameEnd;

  Input(ByteStream stream) {
    this.stream = stream;
  }

  /** Whether a whole frame is here. */
  boolean hasFrame() throws ProtocolException {
    return end - start >= Frame.HEADER_BYTES && end - start >= frameBytes();
  }

  private int frameBytes() throws ProtocolException {
    long untrustedLength = Integer.toUnsignedLong(bytes.getInt(start));
    if (untrustedLength > Frame.CHUNK_BYTES_MAX) {
      throw new ProtocolException("a frame of %d bytes".formatted(untrustedLength));
    }
    return Frame.HEADER_BYTES + (int) untrustedLength;
  }

  /**
   * Waits for a whole frame, or for the head of one whose rows are to stay in the stream.
   *
   * @param rowsStay whether those of large frames of rows shall; then no byte is read beyond a head
   * @return false at the end of the stream
   */
  boolean await(boolean rowsStay) throws IOException {
    while (!hasFrame()) {
      if (rowsStay && hasHeadOfRows()) {
        return true;
      }
      makeRoom();
      bytes.limit(rowsStay ? nextLimit() : CAPACITY_BYTES).position(end);
      int count = stream.read(bytes);
      if (count < 0) {
        if (start != end) {
          throw new ProtocolException("a frame that ends before its length");
        }
        return false;
      }
      end += count;
    }
    return true;
  }

  /** Of a head; of a whole frame once that is known to be none of rows. */
  private int nextLimit() throws ProtocolException {
    return start + (end - start < Frame.HEADER_BYTES ? Frame.HEADER_BYTES : frameBytes());
  }

  /** Whether only the head is here, of rows that are worth a move. */
  boolean hasHeadOfRows() throws ProtocolException {
    return end - start == Frame.HEADER_BYTES
        && type() == Frame.DATA
        && frameBytes() - Frame.HEADER_BYTES >= Frame.MOVED_BYTES_MIN;
  }

  /** How many bytes follow the head that is here. */
  int bodyBytes() throws ProtocolException {
    return frameBytes() - Frame.HEADER_BYTES;
  }

  /** The head is done; what follows it has been taken off the stream. */
  void headDone() {
    bytes.limit(CAPACITY_BYTES);
    start += Frame.HEADER_BYTES;
  }

  /**
   * Throws away bytes of the stream behind the head.
   *
   * @return false at the end of the stream
   */
  boolean skip(int count) throws IOException {
    int left = count;
    while (left > 0) {
      bytes.limit(HEADROOM_BYTES + Math.min(left, Frame.CHUNK_BYTES_MAX)).position(HEADROOM_BYTES);
      int got = stream.read(bytes);
      if (got < 0) {
        return false;
      }
      left -= got;
    }
    return true;
  }

  private void makeRoom() {
    if (start == end) {
      start = end = HEADROOM_BYTES;
    } else if (CAPACITY_BYTES - start < Frame.HEADER_BYTES + Frame.CHUNK_BYTES_MAX) {
      bytes.limit(end).position(start);
      bytes.put(HEADROOM_BYTES, bytes, start, end - start);
      end += HEADROOM_BYTES - start;
      start = HEADROOM_BYTES;
    }
  }

  /** The body of the frame that is here, until {@link #done}. */
  ByteBuffer frame() throws ProtocolException {
    frameEnd = start + frameBytes();
    return bytes.limit(frameEnd).position(start + Frame.HEADER_BYTES);
  }

  int type() {
    return Short.toUnsignedInt(bytes.getShort(start + 4));
  }

  boolean isLast() {
    return (bytes.getShort(start + 6) & Frame.LAST) != 0;
  }

  int handle() {
    return bytes.getInt(start + 8);
  }

  int tag() {
    return bytes.getInt(start + 12);
  }

  /** The next number of the body. */
  int number() throws ProtocolException {
    if (bytes.remaining() < Integer.BYTES) {
      throw new ProtocolException("a frame of type %d without its numbers".formatted(type()));
    }
    return bytes.getInt();
  }

  void done() {
    bytes.limit(CAPACITY_BYTES);
    start = frameEnd;
  }
}
