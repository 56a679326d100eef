package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.agent.handles.PipeHandle;

/** A pipe or socket in a guest. The agent reads from it only once somebody has asked here. */
final class FarPipe extends FarHandle implements PipeHandle {
  private final boolean readable;
  private final boolean writable;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** What came and was not read: at most a window. Null until somebody reads. */
  private ByteBuffer received;

  private int unacknowledged;
  private boolean outEnded;
  private int outErrno;
  private int window = Frame.WINDOW_BYTES;
  private boolean inEnded;
  private boolean outputEnded;
  private boolean over;

  FarPipe(FarSocket socket, int id, Kind kind, int access) {
    super(socket, id, kind);
    readable = (access & Frame.READABLE) != 0;
    writable = (access & Frame.WRITABLE) != 0;
  }

  @Override
  public boolean readable() {
    return readable;
  }

  @Override
  public boolean writable() {
    return writable;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (!readable) {
      throw new IOException(this + " is not read from");
    }
    if (!into.hasRemaining()) {
      return 0;
    }
    int count;
    int credit = 0;
    lock.lock();
    try {
      if (received == null) {
        received = ByteBuffer.allocate(Frame.WINDOW_BYTES).limit(0);
        credit = Frame.WINDOW_BYTES;
      }
    } finally {
      lock.unlock();
    }
    giveCredit(credit);
    lock.lock();
    try {
      while (!received.hasRemaining() && !outEnded && !over) {
        changed.await();
      }
      if (!received.hasRemaining()) {
        return end();
      }
      count = Math.min(received.remaining(), into.remaining());
      into.put(into.position(), received, received.position(), count);
      into.position(into.position() + count);
      received.position(received.position() + count);
      unacknowledged += count;
      credit = 0;
      if (unacknowledged >= Frame.WINDOW_BYTES / 2 && !outEnded) {
        credit = unacknowledged;
        unacknowledged = 0;
      }
    } catch (InterruptedException e) {
      throw interrupted();
    } finally {
      lock.unlock();
    }
    giveCredit(credit);
    return count;
  }

  private int end() throws IOException {
    if (over || outErrno != 0) {
      throw new IOException(
          over ? this + " is no more" : "%s broke with errno %d".formatted(this, outErrno));
    }
    return -1;
  }

  private void giveCredit(int bytes) throws IOException {
    if (bytes > 0) {
      Output output = socket.output(this);
      output.hold(Frame.CREDIT, id, 0, bytes);
      output.flush();
    }
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      int count;
      lock.lock();
      try {
        while (window == 0 && !inEnded && !over) {
          changed.await();
        }
        if (!writable || inEnded || over || outputEnded) {
          throw new IOException(this + " takes no more");
        }
        count = Math.min(Math.min(window, Frame.CHUNK_BYTES_MAX), from.remaining());
        window -= count;
      } catch (InterruptedException e) {
        throw interrupted();
      } finally {
        lock.unlock();
      }
      int limit = from.limit();
      socket.output(this).pipeData(id, from.limit(from.position() + count));
      from.limit(limit);
    }
  }

  @Override
  public void endOutput() throws IOException {
    lock.lock();
    try {
      if (!writable || outputEnded || over) {
        return;
      }
      outputEnded = true;
    } finally {
      lock.unlock();
    }
    Output output = socket.output(this);
    output.hold(Frame.PIPE_END, id, 0, ByteBuffer.allocate(0));
    output.flush();
  }

  private InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException(this + " was waited for");
  }

  /** Bytes have come. False where these are more than was asked for. */
  boolean received(ByteBuffer bytes) {
    lock.lock();
    try {
      if (over || isClosed()) {
        return true;
      }
      int held = received == null ? 0 : received.remaining();
      if (received == null || bytes.remaining() > Frame.WINDOW_BYTES - held - unacknowledged) {
        return false;
      }
      received.compact().put(bytes).flip();
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** False where that is more credit than there can be. */
  boolean credited(int bytes) {
    lock.lock();
    try {
      if (bytes < 0 || bytes > Frame.WINDOW_BYTES - window) {
        return false;
      }
      window += bytes;
      changed.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  void ended(int errno, int which) {
    lock.lock();
    try {
      if (which == Frame.OUT_ENDED) {
        outEnded = true;
        outErrno = errno;
      } else {
        inEnded = true;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  void failed(int errno) {
    super.failed(errno);
    ended(errno, Frame.OUT_ENDED);
    ended(errno, Frame.IN_ENDED);
  }

  @Override
  void ended() {
    lock.lock();
    try {
      over = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether it waits for what the guest may still send. */
  boolean isRunning() {
    lock.lock();
    try {
      return !over && received != null && !outEnded;
    } finally {
      lock.unlock();
    }
  }
}
