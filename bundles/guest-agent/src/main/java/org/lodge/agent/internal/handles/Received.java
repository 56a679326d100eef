package org.lodge.agent.internal.handles;

import java.nio.ByteBuffer;

/**
 * Bytes of the program that nobody has received yet: at most a window, of which the agent is told
 * by halves what it may send again. For one thread.
 */
final class Received {
  private final ByteBuffer bytes = ByteBuffer.allocate(Frame.WINDOW_BYTES).limit(0);
  private int unacknowledgedBytes;
  private boolean ended;

  /**
   * Takes a frame's body; an empty one is the end.
   *
   * @param dropped whether nobody wants the bytes any more
   */
  void put(ByteBuffer body, boolean dropped) throws ProtocolException {
    if (ended) {
      throw new ProtocolException("bytes after their end");
    }
    if (!body.hasRemaining()) {
      ended = true;
    } else if (!dropped) {
      if (body.remaining() > Frame.WINDOW_BYTES - bytes.remaining() - unacknowledgedBytes) {
        throw new ProtocolException("more bytes than credit");
      }
      bytes.compact().put(body).flip();
    }
  }

  boolean isEmpty() {
    return !bytes.hasRemaining();
  }

  boolean hasEnded() {
    return ended;
  }

  /** How many bytes there was room for. */
  int take(ByteBuffer into) {
    int count = Math.min(bytes.remaining(), into.remaining());
    into.put(into.position(), bytes, bytes.position(), count);
    into.position(into.position() + count);
    bytes.position(bytes.position() + count);
    unacknowledgedBytes += count;
    return count;
  }

  /** What the agent is to be told now, 0 for nothing yet. */
  int takeCreditDue() {
    if (unacknowledgedBytes < Frame.WINDOW_BYTES / 2) {
      return 0;
    }
    int due = unacknowledgedBytes;
    unacknowledgedBytes = 0;
    return due;
  }
}
