package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.agent.GuestClocks;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far the clocks of a display's guest are ahead of a program's guest. Both are read several
 * times through their agents; a reading lies somewhere within its round trip, so the shortest one
 * tells most (Cristian's algorithm). What is told is right to half of the sum of the two shortest
 * round trips, and what clocks may drift until they are read again.
 *
 * <p>Thread-safe; asking never waits.
 */
final class ClockOffset {
  /** Of clock_gettime. */
  static final int CLOCK_REALTIME = 0;

  static final int CLOCK_MONOTONIC = 1;
  static final int CLOCK_MONOTONIC_RAW = 4;

  private static final int READINGS = 8;
  private static final long FRESH_NANOS = 5_000_000_000L;

  /** How fast a clock that NTP slews may go wrong: 500 in a million. */
  private static final int SLEW_DIVISOR = 2000;

  private static final Logger LOG = LoggerFactory.getLogger(ClockOffset.class);

  /** Reads a guest's clocks. */
  @FunctionalInterface
  interface Reader {
    GuestClocks read(String guest) throws IOException;
  }

  /**
   * A reading of one guest: how far its clocks are ahead of the host's.
   *
   * @param errorNanos at most
   */
  private record Ahead(long monotonic, long raw, long realtime, long errorNanos) {}

  /**
   * What is known.
   *
   * @param atNanos when, by the host's clock
   */
  private record Estimate(Ahead display, Ahead guest, long atNanos) {
    long errorNanos(long nowNanos) {
      return display.errorNanos + guest.errorNanos + (nowNanos - atNanos) / SLEW_DIVISOR;
    }
  }

  private final String guest;
  private final String display;
  private final Reader reader;
  private final AtomicBoolean reading = new AtomicBoolean();
  private volatile Estimate best;
  private volatile long readNanos = System.nanoTime() - FRESH_NANOS;

  ClockOffset(String guest, String display, Reader reader) {
    this.guest = guest;
    this.display = display;
    this.reader = reader;
  }

  /** Has the clocks read, unless that was done of late; on a thread of its own. */
  void refresh() {
    if (isOld() && reading.compareAndSet(false, true)) {
      // A reading may have ended between both.
      if (isOld()) {
        Thread.ofVirtual().name("wayland-clocks").start(this::readBoth);
      } else {
        reading.set(false);
      }
    }
  }

  private boolean isOld() {
    return System.nanoTime() - readNanos >= FRESH_NANOS;
  }

  /**
   * @param displayNanos by a clock of the display
   * @param clock which one
   * @return the same time by CLOCK_MONOTONIC of the program's guest; empty where that is not known
   */
  OptionalLong toGuest(long displayNanos, int clock) {
    Estimate known = best;
    if (known == null) {
      return OptionalLong.empty();
    }
    long ahead =
        switch (clock) {
          case CLOCK_MONOTONIC -> known.display.monotonic;
          case CLOCK_MONOTONIC_RAW -> known.display.raw;
          default -> known.display.realtime;
        };
    return OptionalLong.of(displayNanos - ahead + known.guest.monotonic);
  }

  /**
   * @return how wrong the translated times are at most; empty where none are
   */
  OptionalLong errorNanos() {
    Estimate known = best;
    return known == null
        ? OptionalLong.empty()
        : OptionalLong.of(known.errorNanos(System.nanoTime()));
  }

  private void readBoth() {
    try {
      Ahead ofDisplay = read(display);
      Ahead ofGuest = read(guest);
      long now = System.nanoTime();
      Estimate found = new Estimate(ofDisplay, ofGuest, now);
      Estimate former = best;
      if (former == null || found.errorNanos(now) <= former.errorNanos(now)) {
        best = found;
      }
      LOG.debug("clocks of {} and {} are known to {} ns", guest, display, found.errorNanos(now));
    } catch (IOException e) {
      LOG.debug("the clocks of {} and {} can't be compared: {}", guest, display, e.getMessage());
    } finally {
      readNanos = System.nanoTime();
      reading.set(false);
    }
  }

  private Ahead read(String whose) throws IOException {
    Ahead found = null;
    for (int i = 0; i < READINGS; i++) {
      long before = System.nanoTime();
      GuestClocks untrusted = reader.read(whose);
      long after = System.nanoTime();
      long half = (after - before) / 2;
      if (found == null || half < found.errorNanos) {
        long middle = before + half;
        found =
            new Ahead(
                untrusted.monotonicNanos() - middle,
                untrusted.rawNanos() - middle,
                untrusted.realtimeNanos() - middle,
                half);
      }
    }
    return found;
  }
}
