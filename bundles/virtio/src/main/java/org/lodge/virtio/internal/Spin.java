package org.lodge.virtio.internal;

import java.util.function.BooleanSupplier;

/**
 * Decides whether to wait for the driver's next request without sleeping: only where the last wait
 * was so short that a sleep would have cost more, and never longer than {@link #LIMIT_NANOS}. A
 * wait in vain ends it until the driver has proved quick again, so that an idle or slow guest costs
 * nothing. Belongs to the thread that serves.
 */
final class Spin {
  /** About what a sleep and the wake-up cost, with the driver's kick. */
  static final long LIMIT_NANOS = 50_000;

  private final BooleanSupplier work;
  private final BooleanSupplier stopped;
  private boolean pays;
  private long idleSince;

  /**
   * @param work whether there is some
   * @param stopped whether nobody wants to know any more
   */
  Spin(BooleanSupplier work, BooleanSupplier stopped) {
    this.work = work;
    this.stopped = stopped;
  }

  /** The driver has kicked, or the thread was woken otherwise. */
  void woken(long nowNanos) {
    pays = nowNanos - idleSince <= LIMIT_NANOS;
  }

  void asleep(long nowNanos) {
    idleSince = nowNanos;
  }

  /**
   * Waits for work, within the limit.
   *
   * @return whether there is some
   */
  boolean seesWork() {
    if (!pays) {
      return false;
    }
    long began = System.nanoTime();
    do {
      if (work.getAsBoolean()) {
        return true;
      }
      Thread.onSpinWait();
    } while (System.nanoTime() - began < LIMIT_NANOS && !stopped.getAsBoolean());
    pays = false;
    return false;
  }
}
