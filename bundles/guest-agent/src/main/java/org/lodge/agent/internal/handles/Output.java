package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.connect.ByteStream;
import org.lodge.connect.StreamMove;

/**
 * Frames to the agent. Small ones are held back to go with the next that matters. What the program
 * has no credit for waits in a queue, and with it what must not overtake it: passed handles, their
 * closing, and the end. Thread-safe.
 */
final class Output {
  private static final int HELD_BYTES = 96 << 10;
  private static final int COPIED_BYTES_MAX = Frame.MOVED_BYTES_MIN;
  private static final int QUEUED_OVERHEAD_BYTES = 64;

  /** What waits for credit. */
  private record Queued(int type, int handle, ByteBuffer bytes) {}

  private final ByteStream stream;
  private final int queueBytesMax;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ByteBuffer held =
      ByteBuffer.allocateDirect(HELD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final Queue<Queued> queue = new ArrayDeque<>();
  private volatile int queuedBytes;
  private volatile boolean holds;
  private int window = Frame.WINDOW_BYTES;
  private boolean ended;
  private volatile String broken;

  Output(ByteStream stream, int queueBytesMax) {
    this.stream = stream;
    this.queueBytesMax = queueBytesMax;
  }

  /** A frame of a body that a caller puts, of at most 256 bytes; held back. */
  void hold(int type, int handle, int tag, ByteBuffer body) throws IOException {
    lock.lock();
    try {
      room(Frame.HEADER_BYTES + body.remaining());
      Frame.header(held, type, handle, tag, body.remaining()).put(body);
      holds = true;
    } finally {
      lock.unlock();
    }
  }

  /** A frame with one number as its body; held back. */
  void hold(int type, int handle, int tag, int number) throws IOException {
    lock.lock();
    try {
      room(Frame.HEADER_BYTES + 4);
      Frame.header(held, type, handle, tag, 4).putInt(number);
      holds = true;
    } finally {
      lock.unlock();
    }
  }

  /** A read or write of rows; the write's rows follow. Held back. */
  private void holdRows(
      int type, int handle, int tag, long offset, long stride, int rowBytes, int rows, int payload)
      throws IOException {
    room(Frame.HEADER_BYTES + Frame.ROWS_BYTES);
    Frame.header(held, type, handle, tag, Frame.ROWS_BYTES + payload)
        .putLong(offset)
        .putLong(stride)
        .putInt(rowBytes)
        .putInt(rows);
    holds = true;
  }

  void readRows(int handle, int tag, long offset, long stride, int rowBytes, int rows)
      throws IOException {
    lock.lock();
    try {
      holdRows(Frame.READ, handle, tag, offset, stride, rowBytes, rows, 0);
    } finally {
      lock.unlock();
    }
  }

  /** A row whose sectors go through a lane, to the host or from it. Held back. */
  void laneRow(int type, int handle, int tag, long offset, int rowBytes, long position)
      throws IOException {
    lock.lock();
    try {
      room(Frame.HEADER_BYTES + Frame.ROWS_BYTES + Long.BYTES);
      holdRows(type, handle, tag, offset, rowBytes, rowBytes, 1, Long.BYTES);
      held.putLong(position);
    } finally {
      lock.unlock();
    }
  }

  /** Rows of at most a chunk. Few are held back; many go at once, without another copy. */
  void writeRows(int handle, long offset, long stride, int rowBytes, int rows, ByteBuffer packed)
      throws IOException {
    lock.lock();
    try {
      int payload = packed.remaining();
      holdRows(Frame.WRITE, handle, 0, offset, stride, rowBytes, rows, payload);
      if (payload <= COPIED_BYTES_MAX) {
        if (held.remaining() < payload) {
          writeHeld();
        }
        held.put(packed);
      } else {
        writeHeld();
        stream.write(packed);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * As {@link #writeRows}, for rows that lie in a buffer behind room for a header, which is written
   * there unless the buffer is read-only.
   */
  void writeRowsInPlace(
      int handle, long offset, long stride, int rowBytes, int rows, ByteBuffer packed)
      throws IOException {
    int payload = packed.remaining();
    if (payload <= COPIED_BYTES_MAX || packed.isReadOnly()) {
      writeRows(handle, offset, stride, rowBytes, rows, packed);
      return;
    }
    packed.position(packed.position() - Frame.HEADER_BYTES - Frame.ROWS_BYTES);
    int start = packed.position();
    Frame.header(packed, Frame.WRITE, handle, 0, Frame.ROWS_BYTES + payload)
        .putLong(offset)
        .putLong(stride)
        .putInt(rowBytes)
        .putInt(rows);
    packed.position(start);
    lock.lock();
    try {
      writeHeld();
      stream.write(packed);
    } finally {
      lock.unlock();
    }
  }

  /**
   * As {@link #writeRows}, for rows that are in another stream.
   *
   * @return why that failed after the rows were taken off the other stream, with a frame here that
   *     is not whole; null where it did not
   * @throws IOException where it failed before
   */
  IOException moveRows(
      int handle, long offset, long stride, int rowBytes, int rows, StreamMove from)
      throws IOException {
    int payload = rowBytes * rows;
    lock.lock();
    try {
      holdRows(Frame.WRITE, handle, 0, offset, stride, rowBytes, rows, payload);
      writeHeld();
      try {
        from.move(payload);
        return null;
      } catch (IOException e) {
        return e;
      }
    } finally {
      lock.unlock();
    }
  }

  /** How bytes of another stream come here with one copy; empty where they can't. */
  Optional<StreamMove> movesFrom(ByteStream other) {
    return other.moveTo(stream);
  }

  /** Bytes of a pipe, which has credit for them; goes at once. */
  void pipeData(int handle, ByteBuffer bytes) throws IOException {
    lock.lock();
    try {
      room(Frame.HEADER_BYTES + bytes.remaining());
      Frame.header(held, Frame.PIPE_DATA, handle, 0, bytes.remaining()).put(bytes);
      writeHeld();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Bytes to the program, with all that was held back.
   *
   * @return false where the queue would exceed its limit; nothing of it is queued then
   */
  boolean send(ByteBuffer bytes) throws IOException {
    lock.lock();
    try {
      requireNotEnded();
      while (bytes.hasRemaining() && queue.isEmpty() && window > 0) {
        putBytes(bytes, Math.min(bytes.remaining(), Math.min(window, Frame.CHUNK_BYTES_MAX)));
      }
      boolean fits = !bytes.hasRemaining() || enqueue(Frame.BYTES, 0, copy(bytes));
      writeHeld();
      return fits;
    } finally {
      lock.unlock();
    }
  }

  private void putBytes(ByteBuffer bytes, int count) throws IOException {
    room(Frame.HEADER_BYTES + count);
    Frame.header(held, Frame.BYTES, 0, 0, count);
    int limit = bytes.limit();
    held.put(bytes.limit(bytes.position() + count));
    bytes.limit(limit);
    window -= count;
    holds = true;
  }

  private static ByteBuffer copy(ByteBuffer bytes) {
    return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
  }

  /** Passes a handle with the bytes that follow. */
  boolean pass(int handle) throws IOException {
    lock.lock();
    try {
      requireNotEnded();
      if (!queue.isEmpty() || window < Frame.PASS_COST_BYTES) {
        return enqueue(Frame.PASS, handle, null);
      }
      window -= Frame.PASS_COST_BYTES;
      putControl(Frame.PASS, handle);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Lets the agent close a handle, after its passes.
   *
   * @return false where the queue would exceed its limit
   */
  boolean close(int handle) throws IOException {
    lock.lock();
    try {
      if (!queue.isEmpty()) {
        return enqueue(Frame.CLOSE, handle, null);
      }
      putControl(Frame.CLOSE, handle);
      if (held.position() >= COPIED_BYTES_MAX) {
        writeHeld();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** No more bytes follow, once the queue is empty. Idempotent. */
  void end() throws IOException {
    lock.lock();
    try {
      if (!ended) {
        ended = true;
        if (queue.isEmpty()) {
          putControl(Frame.BYTES, 0);
          writeHeld();
        } else {
          queue.add(new Queued(Frame.BYTES, 0, ByteBuffer.allocate(0)));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void requireNotEnded() throws IOException {
    if (ended) {
      throw new IOException("nothing can be sent after the end of output");
    }
  }

  private void putControl(int type, int handle) throws IOException {
    room(Frame.HEADER_BYTES);
    Frame.header(held, type, handle, 0, 0);
    holds = true;
  }

  private boolean enqueue(int type, int handle, ByteBuffer bytes) {
    int cost = QUEUED_OVERHEAD_BYTES + (bytes == null ? 0 : bytes.remaining());
    if (queuedBytes + cost > queueBytesMax) {
      return false;
    }
    queuedBytes += cost;
    queue.add(new Queued(type, handle, bytes));
    return true;
  }

  /**
   * The program has room for so many bytes more.
   *
   * @return false where that is more than it can have
   */
  boolean credit(int bytes) throws IOException {
    lock.lock();
    try {
      if (bytes < 0 || bytes > Frame.WINDOW_BYTES - window) {
        return false;
      }
      window += bytes;
      if (!queue.isEmpty()) {
        drain();
        changed.signalAll();
        writeHeld();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void drain() throws IOException {
    for (Queued next = queue.peek(); next != null; next = queue.peek()) {
      if (next.type() == Frame.CLOSE) {
        queuedBytes -= QUEUED_OVERHEAD_BYTES;
        putControl(Frame.CLOSE, next.handle());
      } else if (next.type() == Frame.PASS) {
        if (window < Frame.PASS_COST_BYTES) {
          return;
        }
        window -= Frame.PASS_COST_BYTES;
        queuedBytes -= QUEUED_OVERHEAD_BYTES;
        putControl(Frame.PASS, next.handle());
      } else if (next.bytes().capacity() == 0) {
        putControl(Frame.BYTES, 0);
      } else {
        int count = Math.min(next.bytes().remaining(), Math.min(window, Frame.CHUNK_BYTES_MAX));
        if (count == 0) {
          return;
        }
        putBytes(next.bytes(), count);
        queuedBytes -= count;
        if (next.bytes().hasRemaining()) {
          return;
        }
        queuedBytes -= QUEUED_OVERHEAD_BYTES;
      }
      queue.remove();
    }
  }

  /** Sends what is held back. */
  void flush() throws IOException {
    if (holds) {
      lock.lock();
      try {
        writeHeld();
      } finally {
        lock.unlock();
      }
    }
  }

  private void room(int bytes) throws IOException {
    if (held.remaining() < bytes) {
      writeHeld();
    }
  }

  private void writeHeld() throws IOException {
    if (broken != null) {
      throw new IOException(broken);
    }
    if (held.position() > 0) {
      holds = false;
      try {
        stream.write(held.flip());
      } finally {
        held.clear();
      }
    }
  }

  int queuedBytes() {
    return queuedBytes;
  }

  void awaitQueuedBytes(int atMost) throws IOException, InterruptedException {
    if (queuedBytes <= atMost) {
      return;
    }
    lock.lock();
    try {
      while (queuedBytes > atMost) {
        if (broken != null) {
          throw new IOException(broken);
        }
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Nothing can be sent any more; who waits is told. Must not wait for a writer. */
  void breakWith(String why) {
    broken = why;
    Thread.startVirtualThread(() -> {
      lock.lock();
      changed.signalAll();
      lock.unlock();
    });
  }
}
