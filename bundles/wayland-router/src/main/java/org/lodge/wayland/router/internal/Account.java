package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.lodge.agent.handles.HandleConnection;

/** What a guest has taken, over all of its connections. Thread-safe. */
final class Account {
  private static final int MOST_TRANSFERS = 64;

  private final AtomicLong pixelBytes = new AtomicLong();
  private final AtomicLong heapBytes = new AtomicLong();
  private final Set<HandleConnection> served = new CopyOnWriteArraySet<>();
  private final AtomicInteger transfers = new AtomicInteger();
  private final AtomicInteger connections = new AtomicInteger();

  /**
   * @return whether it is granted; then it is given back with the negative
   */
  boolean takePixels(long bytes, long most) {
    if (pixelBytes.addAndGet(bytes) > most && bytes > 0) {
      pixelBytes.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  /**
   * @return whether it is granted
   */
  boolean takeHeap(long bytes, long most) {
    if (heapBytes.addAndGet(bytes) > most) {
      heapBytes.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  void giveHeap(long bytes) {
    heapBytes.addAndGet(-bytes);
  }

  /** What the guest's objects take, and what waits for its programs. */
  long heapBytes() {
    long bytes = heapBytes.get();
    for (HandleConnection connection : served) {
      bytes += connection.queuedBytes();
    }
    return bytes;
  }

  void serve(HandleConnection program) {
    served.add(program);
  }

  void leave(HandleConnection program) {
    served.remove(program);
  }

  /**
   * Counts a paste or drop until where it goes is closed. Each holds pipes in agents that have only
   * so many, and a buffer here.
   *
   * @return null where too many are on; then it has been closed
   */
  PasteSink takeTransfer(PasteSink into) {
    if (transfers.incrementAndGet() > MOST_TRANSFERS) {
      transfers.decrementAndGet();
      into.close();
      return null;
    }
    AtomicBoolean counted = new AtomicBoolean(true);
    return new PasteSink() {
      @Override
      public void write(ByteBuffer bytes) throws IOException {
        into.write(bytes);
      }

      @Override
      public void finish() throws IOException {
        into.finish();
      }

      @Override
      public void close() {
        if (counted.getAndSet(false)) {
          transfers.decrementAndGet();
        }
        into.close();
      }
    };
  }

  boolean takeConnection(int most) {
    if (connections.incrementAndGet() > most) {
      connections.decrementAndGet();
      return false;
    }
    return true;
  }

  void giveConnection() {
    connections.decrementAndGet();
  }

  long pixelBytes() {
    return pixelBytes.get();
  }
}
