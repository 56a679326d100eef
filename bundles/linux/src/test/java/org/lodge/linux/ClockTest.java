package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ClockTest {
  @Test
  void clocksAreThoseOfTheKernel() throws Exception {
    long before = System.nanoTime();
    long monotonic = Clock.MONOTONIC.nanos();
    assertTrue(before <= monotonic && monotonic <= System.nanoTime(), "the JVM's is the same");
    long millis = Clock.REALTIME.nanos() / 1_000_000;
    assertTrue(Math.abs(millis - System.currentTimeMillis()) < 10_000);
    long raw = Clock.MONOTONIC_RAW.nanos();
    assertTrue(raw > 0 && Clock.MONOTONIC_RAW.nanos() >= raw);
  }
}
