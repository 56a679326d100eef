package org.lodge.wayland.router.internal;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What a guest has taken, over all of its connections. Thread-safe. */
final class Account {
  final Limits limits;
  private final AtomicLong pixelBytes = new AtomicLong();
  private final AtomicInteger connections = new AtomicInteger();

  Account(Limits limits) {
    this.limits = limits;
  }

  /**
   * @return whether it is granted; then it is given back with the negative
   */
  boolean takePixels(long bytes) {
    if (pixelBytes.addAndGet(bytes) > limits.pixelBytes() && bytes > 0) {
      pixelBytes.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  boolean takeConnection() {
    if (connections.incrementAndGet() > limits.connections()) {
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
