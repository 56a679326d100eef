package org.lodge.vm.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.lodge.vm.Console;

/** One person's view of a console, with a buffer of its own so that nobody waits for it. */
final class ConsoleAttachment implements Console {
  private static final int BUFFER = 64 * 1024;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ByteRing buffer = new ByteRing(BUFFER);
  private final OutputStream typed;
  private final Consumer<ConsoleAttachment> detach;
  private byte[] notice = new byte[0];
  private int noticeRead;
  private boolean ended;

  ConsoleAttachment(byte[] history, OutputStream typed, Consumer<ConsoleAttachment> detach) {
    this.typed = typed;
    this.detach = detach;
    buffer.write(history, 0, history.length);
  }

  void offer(byte[] bytes, int length) {
    lock.lock();
    try {
      buffer.write(bytes, 0, length);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private int read(byte[] target, int offset, int length) throws IOException {
    lock.lock();
    try {
      while (buffer.available() == 0 && noticeRead == notice.length && !ended) {
        changed.await();
      }
      long lost = buffer.takeLost();
      if (lost > 0 && noticeRead == notice.length) {
        notice = ("\n[lodge: " + lost + " bytes lost]\n").getBytes(StandardCharsets.US_ASCII);
        noticeRead = 0;
      }
      if (noticeRead < notice.length) {
        int count = Math.min(length, notice.length - noticeRead);
        System.arraycopy(notice, noticeRead, target, offset, count);
        noticeRead += count;
        return count;
      }
      int count = buffer.read(target, offset, length);
      return count == 0 ? -1 : count;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while reading a console", e);
    } finally {
      lock.unlock();
    }
  }

  private int readable() {
    lock.lock();
    try {
      return buffer.available() + notice.length - noticeRead;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public InputStream output() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        return length == 0 ? 0 : ConsoleAttachment.this.read(target, offset, length);
      }

      @Override
      public int available() {
        return readable();
      }
    };
  }

  @Override
  public OutputStream input() {
    return typed;
  }

  @Override
  public void close() {
    detach.accept(this);
    end();
  }
}
