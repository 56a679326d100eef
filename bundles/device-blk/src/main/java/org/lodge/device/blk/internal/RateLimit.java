package org.lodge.device.blk.internal;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A token bucket kept as one number: the time at which all that was taken so far is paid for. Up to
 * a tenth of a second's worth may be taken ahead. Thread-safe.
 */
final class RateLimit {
  private static final long BURST_NANOS = 100_000_000;

  private final double nanosPerUnit;
  private final AtomicLong paidAtNanos;

  /**
   * @param unitsPerSecond 0 for no limit
   */
  RateLimit(long unitsPerSecond, long nowNanos) {
    nanosPerUnit = unitsPerSecond == 0 ? 0 : 1e9 / unitsPerSecond;
    paidAtNanos = new AtomicLong(nowNanos);
  }

  /** How long the next request must wait; 0 or less if it need not. */
  long waitNanos(long nowNanos) {
    return nanosPerUnit == 0 ? 0 : paidAtNanos.get() - nowNanos - BURST_NANOS;
  }

  void take(long units, long nowNanos) {
    if (nanosPerUnit == 0) {
      return;
    }
    long price = Math.round(units * nanosPerUnit);
    long before;
    long after;
    do {
      before = paidAtNanos.get();
      after = (before - nowNanos > 0 ? before : nowNanos) + price;
    } while (!paidAtNanos.compareAndSet(before, after));
  }
}
