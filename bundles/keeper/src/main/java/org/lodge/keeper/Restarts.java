package org.lodge.keeper;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * When a program that died is started again. The pause doubles from 0.2 s to 5 s while deaths
 * follow each other, and begins anew after a run that was ready and lasted. Five deaths within 30 s
 * of a program that never came to be ready are enough.
 */
final class Restarts {
  static final int LIMIT = 5;
  static final long LIMIT_WINDOW_NANOS = Duration.ofSeconds(30).toNanos();
  static final int GIVE_UP = -1;
  private static final long LASTING_NANOS = Duration.ofSeconds(2).toNanos();
  private static final int FIRST_PAUSE_MILLIS = 200;
  private static final int LONGEST_PAUSE_MILLIS = 5000;

  private final Deque<Long> deathsNanos = new ArrayDeque<>();
  private int nextPauseMillis = FIRST_PAUSE_MILLIS;

  /**
   * Counts a death.
   *
   * @param wasReady whether the program had said so
   * @return milliseconds to wait, or {@link #GIVE_UP}
   */
  int pauseMillis(long startedNanos, long diedNanos, boolean wasReady) {
    if (wasReady) {
      deathsNanos.clear();
      if (diedNanos - startedNanos >= LASTING_NANOS) {
        nextPauseMillis = FIRST_PAUSE_MILLIS;
      }
    } else {
      deathsNanos.add(diedNanos);
      if (deathsNanos.size() == LIMIT
          && diedNanos - deathsNanos.removeFirst() < LIMIT_WINDOW_NANOS) {
        return GIVE_UP;
      }
    }
    int pause = nextPauseMillis;
    nextPauseMillis = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
    return pause;
  }
}
