package org.lodge.agent.internal;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/** Lines about what a guest can do as often as it likes: one in a while, lest it flood the log. */
final class Seldom {
  private static final long QUIET_NANOS = 5_000_000_000L;

  private record State(long quietUntilNanos, long untold, long told) {}

  private final LongSupplier nanoTime;
  private final Map<String, State> guests = new ConcurrentHashMap<>();

  Seldom(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** How many times a line now stands for; 0 for no line now. */
  long note(String guest) {
    long now = nanoTime.getAsLong();
    return guests
        .compute(
            guest,
            (name, state) -> {
              if (state == null) {
                return new State(now + QUIET_NANOS, 0, 1);
              }
              return now - state.quietUntilNanos < 0
                  ? new State(state.quietUntilNanos, state.untold + 1, 0)
                  : new State(now + QUIET_NANOS, 0, state.untold + 1);
            })
        .told();
  }
}
