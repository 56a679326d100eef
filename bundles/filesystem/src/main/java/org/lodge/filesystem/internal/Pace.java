package org.lodge.filesystem.internal;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** Lets so many operations a second through; the rest wait. Thread-safe. */
final class Pace {
  private static final long BURST_NANOS = 100_000_000;

  private final long nanosPerOperation;
  private final AtomicLong paidAtNanos = new AtomicLong(System.nanoTime());

  /**
   * @param operationsPerSecond 0 for no limit
   */
  Pace(long operationsPerSecond) {
    nanosPerOperation = operationsPerSecond == 0 ? 0 : 1_000_000_000 / operationsPerSecond;
  }

  boolean limits() {
    return nanosPerOperation > 0;
  }

  void pass() {
    if (nanosPerOperation == 0) {
      return;
    }
    long now = System.nanoTime();
    long before;
    long after;
    do {
      before = paidAtNanos.get();
      after = (before - now > -BURST_NANOS ? before : now - BURST_NANOS) + nanosPerOperation;
    } while (!paidAtNanos.compareAndSet(before, after));
    long wait = after - now;
    while (wait > 0) {
      LockSupport.parkNanos(this, wait);
      wait = after - System.nanoTime();
    }
  }
}
