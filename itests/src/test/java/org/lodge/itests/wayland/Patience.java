package org.lodge.itests.wayland;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for what other processes do, on a machine that may do much else. */
final class Patience {
  private static final Duration LIMIT = Duration.ofSeconds(120);

  private Patience() {}

  static void until(String what, Callable<Boolean> holds) throws Exception {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!holds.call()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + LIMIT + ": " + what);
      }
      Thread.sleep(20);
    }
  }
}
