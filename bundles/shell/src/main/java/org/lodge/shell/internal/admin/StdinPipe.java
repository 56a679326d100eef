package org.lodge.shell.internal.admin;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntConsumer;
import org.lodge.shell.Terminal;

/**
 * What the client types, for the command to read. The client sends nothing before the first read,
 * and never more than it was granted: {@value #WINDOW_BYTES} bytes ahead of the command. So the
 * socket never waits for the command, and Ctrl-C passes whatever is not read.
 */
final class StdinPipe extends InputStream {
  private static final int WINDOW_BYTES = 256 * 1024;
  private static final int GRANT_BYTES = WINDOW_BYTES / 4;

  private final IntConsumer grant;
  private final Deque<byte[]> chunks = new ArrayDeque<>();
  private boolean asked;
  private boolean ended;
  private int position;
  private int queuedBytes;
  private int grantedBytes;
  private int takenBytes;

  /**
   * @param grant tells the client that it may send so many bytes more; may wait
   */
  StdinPipe(IntConsumer grant) {
    this.grant = grant;
  }

  /**
   * @throws IOException where the client sends what it may not
   */
  synchronized void add(byte[] bytes) throws IOException {
    grantedBytes -= bytes.length;
    if (grantedBytes < 0) {
      throw new IOException("The client sent more of its standard input than it may");
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
  public int read(byte[] bytes, int offset, int length) throws InterruptedIOException {
    if (length == 0) {
      return 0;
    }
    ask();
    int count = take(bytes, offset, length);
    grant(due());
    return count;
  }

  private synchronized int take(byte[] bytes, int offset, int length)
      throws InterruptedIOException {
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
    takenBytes += count;
    if (position == chunk.length) {
      chunks.remove();
      position = 0;
    }
    return count;
  }

  @Override
  public synchronized int available() {
    return queuedBytes;
  }

  /** As {@code Raw.key}. */
  int key(long timeoutMillis) throws InterruptedIOException {
    ask();
    long deadline = System.nanoTime() + timeoutMillis * 1_000_000;
    synchronized (this) {
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
    }
    return read();
  }

  private void ask() {
    boolean first;
    synchronized (this) {
      first = !asked;
      asked = true;
      grantedBytes += first ? WINDOW_BYTES : 0;
    }
    if (first) {
      grant.accept(WINDOW_BYTES);
    }
  }

  /** What the client is to be granted for what was taken; few frames for many bytes. */
  private synchronized int due() {
    if (takenBytes < GRANT_BYTES || ended) {
      return 0;
    }
    int due = takenBytes;
    takenBytes = 0;
    grantedBytes += due;
    return due;
  }

  /** Outside the lock, as it may wait for a client that does not read. */
  private void grant(int moreBytes) {
    if (moreBytes > 0) {
      grant.accept(moreBytes);
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
