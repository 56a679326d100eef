package org.lodge.shell.internal.admin;

import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.lodge.shell.Terminal;

/**
 * What the client types, for the command to read. The client sends nothing before the first read.
 * Holds at most {@value #MOST_BYTES} bytes; then the socket waits.
 */
final class StdinPipe extends InputStream {
  private static final int MOST_BYTES = 256 * 1024;

  private final Runnable firstRead;
  private final Deque<byte[]> chunks = new ArrayDeque<>();
  private boolean asked;
  private boolean ended;
  private int position;
  private int queuedBytes;

  StdinPipe(Runnable firstRead) {
    this.firstRead = firstRead;
  }

  synchronized void add(byte[] bytes) throws InterruptedIOException {
    while (queuedBytes > 0 && queuedBytes + bytes.length > MOST_BYTES && !ended) {
      await();
    }
    if (bytes.length > 0 && !ended) {
      chunks.add(bytes);
      queuedBytes += bytes.length;
      notifyAll();
    }
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  @Override
  public int read() throws InterruptedIOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public synchronized int read(byte[] bytes, int offset, int length) throws InterruptedIOException {
    if (length == 0) {
      return 0;
    }
    ask();
    while (chunks.isEmpty()) {
      if (ended) {
        return -1;
      }
      await();
    }
    byte[] chunk = chunks.peek();
    int count = Math.min(length, chunk.length - position);
    System.arraycopy(chunk, position, bytes, offset, count);
    position += count;
    queuedBytes -= count;
    if (position == chunk.length) {
      chunks.remove();
      position = 0;
    }
    notifyAll();
    return count;
  }

  @Override
  public synchronized int available() {
    return queuedBytes;
  }

  /** As {@code Raw.key}. */
  synchronized int key(long timeoutMillis) throws InterruptedIOException {
    ask();
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000;
    while (chunks.isEmpty() && !ended) {
      long leftMillis = (deadline - System.nanoTime()) / 1_000_000;
      if (leftMillis <= 0) {
        return Terminal.Raw.NO_KEY;
      }
      try {
        wait(leftMillis);
      } catch (InterruptedException e) {
        throw new InterruptedIOException();
      }
    }
    return read();
  }

  private void ask() {
    if (!asked) {
      asked = true;
      firstRead.run();
    }
  }

  private void await() throws InterruptedIOException {
    try {
      wait();
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }
}
