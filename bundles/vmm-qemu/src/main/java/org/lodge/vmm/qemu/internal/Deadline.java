package org.lodge.vmm.qemu.internal;

import java.time.Duration;

/** An instant that several steps of one act share as their limit. */
record Deadline(long endNanos, Duration limit) {

  static Deadline in(Duration limit) {
    return new Deadline(System.nanoTime() + limit.toNanos(), limit);
  }

  /** At least 0. */
  Duration remaining() {
    return Duration.ofNanos(Math.max(0, endNanos - System.nanoTime()));
  }

  boolean passed() {
    return endNanos - System.nanoTime() <= 0;
  }
}
