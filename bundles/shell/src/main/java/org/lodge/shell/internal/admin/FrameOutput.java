package org.lodge.shell.internal.admin;

import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import org.lodge.client.Frame;

/** Makes frames of what a command writes; waits while the client's queue is full. */
final class FrameOutput extends OutputStream {
  private static final int LARGEST_BYTES = 16 * 1024;

  private final int type;
  private final BlockingQueue<ByteBuffer> frames;

  FrameOutput(int type, BlockingQueue<ByteBuffer> frames) {
    this.type = type;
    this.frames = frames;
  }

  @Override
  public void write(int b) throws InterruptedIOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws InterruptedIOException {
    for (int at = 0; at < length; at += LARGEST_BYTES) {
      int size = Math.min(LARGEST_BYTES, length - at);
      ByteBuffer frame = Frame.encode(type, bytes, offset + at, size);
      // An interrupted command may still say its last words, as long as there is room for them.
      if (frames.offer(frame)) {
        continue;
      }
      try {
        frames.put(frame);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException();
      }
    }
  }
}
