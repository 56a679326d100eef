package org.lodge.device.blk.internal;

/**
 * When a driver is shown what of its requests is done, while others are left. Waking it costs the
 * queue's thread as much as copying 128 KiB. It pays where the driver, once awake, has new requests
 * ready before what is left is done: the less that is, the fewer calls, but no less than waking
 * takes. Times are of {@link System#nanoTime}; one thread.
 */
final class Showing {
  private static final long LEAST_NANOS = 20_000;
  private static final long MOST_NANOS = 400_000;
  private static final long WAKING_NANOS = 40_000;

  private long sinceNanos;
  private int done;

  /** All that is done is shown. */
  void begin(long nowNanos) {
    sinceNanos = nowNanos;
    done = 0;
  }

  /**
   * One more is done.
   *
   * @param left how many of those that were taken are not begun
   */
  boolean isDue(long nowNanos, int left) {
    done++;
    long passed = nowNanos - sinceNanos;
    long leftNanos = passed * left / done;
    boolean half = leftNanos <= passed && leftNanos <= WAKING_NANOS;
    boolean threeQuarters = leftNanos <= passed / 3;
    return passed > (half || threeQuarters ? LEAST_NANOS : MOST_NANOS);
  }
}
