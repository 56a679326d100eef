package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.lodge.connect.ConnectException;

class UsageTest {
  private static final long SECOND_NANOS = 1_000_000_000;

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 3 * SECOND_NANOS);

  /**
   * Seeded, over the overflow of the clock: no second ever sees more than its burst and its share.
   */
  @Test
  void noStretchOfTimeHasMoreCallsThanItsShareAndOneBurst() {
    Random random = new Random(99);
    for (int round = 0; round < 50; round++) {
      int rate = 1 + random.nextInt(200);
      Usage usage = usage(rate);
      List<Long> admitted = new ArrayList<>();
      for (int i = 0; i < 2000; i++) {
        now.addAndGet((long) (random.nextDouble() * random.nextInt(4) * SECOND_NANOS / rate));
        if (admits(usage)) {
          admitted.add(now.get());
        }
      }
      assertTrue(admitted.size() > rate / 2, "only " + admitted.size() + " at " + rate);
      for (int first = 0; first < admitted.size(); first += 7) {
        for (int last = first; last < admitted.size(); last += 5) {
          double seconds = (admitted.get(last) - admitted.get(first)) / (double) SECOND_NANOS;
          assertTrue(last - first + 1 <= rate + seconds * rate * 1.01 + 1);
        }
      }
    }
  }

  @Test
  void aRestRefillsTheBurstAndNoMore() {
    Usage usage = usage(10);
    assertEquals(10, burst(usage));
    now.addAndGet(SECOND_NANOS / 2);
    assertEquals(5, burst(usage));
    now.addAndGet(100 * SECOND_NANOS);
    assertEquals(10, burst(usage));
  }

  @Test
  void aFloodOfRefusalsIsOneLineASecond() {
    Usage usage = usage(10);
    assertEquals(1, usage.refused());
    for (int i = 0; i < 1000; i++) {
      assertEquals(0, usage.refused());
    }
    now.addAndGet(SECOND_NANOS);
    assertEquals(1001, usage.refused());
  }

  @Test
  void aFloodOfDenialsIsSomeLinesAndThenOneASecond() {
    Usage usage = usage(10);
    for (int i = 0; i < 32; i++) {
      assertEquals(1, usage.denied());
    }
    for (int i = 0; i < 1000; i++) {
      assertEquals(0, usage.denied());
    }
    now.addAndGet(SECOND_NANOS);
    assertEquals(1001, usage.denied());
    assertEquals(0, usage.denied());
  }

  /** Threads take and give back at random: never more than the limit is out, and all comes back. */
  @Test
  void limitsHoldUnderRaces() throws Exception {
    Usage usage = usage(10);
    AtomicInteger bytes = new AtomicInteger();
    AtomicInteger connections = new AtomicInteger();
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 8; t++) {
      Random random = new Random(t);
      threads.add(
          Thread.ofPlatform()
              .uncaughtExceptionHandler((thread, e) -> failures.add(e))
              .start(() -> race(usage, random, bytes, connections)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(List.of(), failures);
    assertEquals(0, usage.connections());
    assertEquals(0, usage.bytesInFlight());
  }

  private static void race(
      Usage usage, Random random, AtomicInteger bytes, AtomicInteger connections) {
    for (int i = 0; i < 5000; i++) {
      int want = 1 + random.nextInt(400);
      if (usage.reserve(want)) {
        assertTrue(bytes.addAndGet(want) <= 1000);
        bytes.addAndGet(-want);
        usage.free(want);
      }
      try {
        usage.openConnection();
        assertTrue(connections.incrementAndGet() <= 3);
        connections.decrementAndGet();
        usage.closeConnection();
      } catch (ConnectException e) {
        assertEquals(ConnectException.Reason.LIMIT, e.reason());
      }
    }
  }

  @Test
  void limitsThatMakeNoSenseAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Limits(1, 1, 1, 0, 1, Duration.ofSeconds(1), Duration.ofSeconds(1)));
    assertFalse(usage(1).reserve(1001));
  }

  private Usage usage(int callsPerSecond) {
    return new Usage(
        new Limits(3, 3, 1000, callsPerSecond, 2, Duration.ofSeconds(1), Duration.ofSeconds(1)),
        now::get);
  }

  private static int burst(Usage usage) {
    int calls = 0;
    while (admits(usage)) {
      calls++;
    }
    return calls;
  }

  private static boolean admits(Usage usage) {
    try {
      usage.call();
      return true;
    } catch (ConnectException e) {
      return false;
    }
  }
}
