package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.lodge.agent.GuestClocks;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WpPresentation;
import org.lodge.wayland.protocol.opcode.WpPresentationFeedback;

/** Times of frames, told by the clock of the program's guest. */
class PresentationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long WORK_AHEAD = 1_000 * SECOND;
  private static final long DISPLAY_AHEAD = 77_000 * SECOND;
  private static final long RAW_AHEAD = 5 * SECOND;

  private final Random random = new Random(3);
  private final AtomicInteger readings = new AtomicInteger();

  /** Guests far apart, whose answers take a while that is not the same both ways. */
  private GuestClocks read(String guest) {
    readings.incrementAndGet();
    spin(random.nextInt(400_000));
    long ahead = guest.equals("work") ? WORK_AHEAD : DISPLAY_AHEAD;
    long now = System.nanoTime() + ahead;
    GuestClocks clocks = new GuestClocks(now, now + RAW_AHEAD, now + 2 * RAW_AHEAD);
    spin(random.nextInt(400_000));
    return clocks;
  }

  private static void spin(long nanos) {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  private static ClockOffset known(ClockOffset offset) throws Exception {
    offset.refresh();
    long end = System.nanoTime() + 10 * SECOND;
    while (offset.errorNanos().isEmpty() && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    return offset;
  }

  @Test
  void clocksAreKnownWithinTheErrorThatIsTold() throws Exception {
    for (int i = 0; i < 20; i++) {
      ClockOffset offset = known(new ClockOffset("work", "display", this::read));
      long error = offset.errorNanos().orElseThrow();
      assertTrue(error < 400_000, "half of two round trips: " + error);
      int[] clocks = {
        ClockOffset.CLOCK_MONOTONIC, ClockOffset.CLOCK_MONOTONIC_RAW, ClockOffset.CLOCK_REALTIME
      };
      for (int clock = 0; clock < clocks.length; clock++) {
        long shown = DISPLAY_AHEAD + 9 * SECOND + clock * RAW_AHEAD;
        long told = offset.toGuest(shown, clocks[clock]).orElseThrow();
        assertTrue(Math.abs(told - WORK_AHEAD - 9 * SECOND) <= error, told + " within " + error);
      }
    }
  }

  @Test
  void clocksAreReadSeldomHoweverOftenTheyAreAskedFor() throws Exception {
    ClockOffset offset = known(new ClockOffset("work", "display", this::read));
    int before = readings.get();
    for (int i = 0; i < 1000; i++) {
      offset.refresh();
    }
    assertEquals(16, before);
    assertEquals(before, readings.get());
  }

  /** A program with a surface that wants to know when it is shown. */
  private static final class Program {
    final Rig rig;
    final int presentation;
    final int feedback;

    Program(ClockOffset offset, int clock) throws Exception {
      GuestSettings settings = new GuestSettings(GuestSettings.Frame.COMPOSITOR, 0, 4);
      rig =
          new Rig(
              new Guest("work", settings, Limits.DEFAULT),
              new Display("display", new AtomicLong()),
              offset);
      int registry = rig.registry();
      int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
      presentation = rig.bind(registry, "wp_presentation", 1);
      rig.sync();
      rig.compositor.send(presentation, WpPresentation.EVENT_CLOCK_ID, clock);
      feedback = rig.id("wp_presentation_feedback");
      rig.client.send(presentation, WpPresentation.FEEDBACK, surface, feedback);
      rig.sync();
    }

    void presented(long nanos) {
      rig.compositor.send(
          feedback,
          WpPresentationFeedback.EVENT_PRESENTED,
          (int) (nanos / SECOND >>> 32),
          (int) (nanos / SECOND),
          (int) (nanos % SECOND),
          16_666_666,
          0,
          42,
          3);
      rig.compositor.send(1, WlDisplay.EVENT_DELETE_ID, feedback);
    }
  }

  @Test
  void aFramesTimeIsToldByTheClockOfTheProgramsGuest() throws Exception {
    ClockOffset offset = known(new ClockOffset("work", "display", this::read));
    long error = offset.errorNanos().orElseThrow();
    Program program = new Program(offset, ClockOffset.CLOCK_MONOTONIC_RAW);
    program.rig.client.await("wp_presentation@" + program.presentation + ".clock_id(1)");
    program.presented(DISPLAY_AHEAD + RAW_AHEAD + SECOND / 2);
    String line = program.rig.client.await(".presented(");
    String[] words = line.replaceAll(".*\\((.*)\\)", "$1").split(", ");
    long told = Long.parseLong(words[1]) * SECOND + Long.parseLong(words[2]);
    assertTrue(Math.abs(told - WORK_AHEAD - SECOND / 2) <= error, line + " within " + error);
    assertEquals("0", words[0]);
    assertEquals("16666666, 0, 42, 3", line.replaceAll(".*, (.*, .*, .*, 3)\\)", "$1"));
    program.rig.sync();
  }

  @Test
  void withoutAKnownClockAFrameIsDiscardedAndNotToldWrong() throws Exception {
    ClockOffset none =
        new ClockOffset(
            "work",
            "display",
            guest -> {
              throw new IOException("no agent");
            });
    for (int clock : new int[] {ClockOffset.CLOCK_MONOTONIC, 7}) {
      ClockOffset offset =
          clock == 7 ? known(new ClockOffset("work", "display", this::read)) : none;
      Program program = new Program(offset, clock);
      program.presented(DISPLAY_AHEAD);
      program.rig.client.await(".discarded(");
      program.rig.sync();
      assertEquals(0, program.rig.client.count(".presented("));
    }
  }
}
