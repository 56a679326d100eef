package org.lodge.wayland.router.internal;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What a guest has taken, over all of its connections. Thread-safe. */
final class Account {
  private final AtomicLong pixelBytes = new AtomicLong();
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
