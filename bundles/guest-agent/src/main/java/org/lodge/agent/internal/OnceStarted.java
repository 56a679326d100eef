package org.lodge.agent.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.lodge.agent.AgentException;

/** Asks again while a guest is in its initial RAM disk, whose files are not its own. */
record OnceStarted(LongSupplier nanoTime, Rest rest) {
  private static final Duration AGAIN = Duration.ofMillis(50);

  interface Attempt<T> {
    T within(Duration limit) throws IOException;
  }

  interface Rest {
    void rest(Duration time) throws InterruptedIOException;
  }

  OnceStarted() {
    this(System::nanoTime, OnceStarted::sleep);
  }

  <T> T ask(String guest, Duration limit, Attempt<T> attempt) throws IOException {
    long deadline = nanoTime.getAsLong() + limit.toNanos();
    boolean starting = false;
    while (true) {
      try {
        return attempt.within(left(deadline));
      } catch (AgentException e) {
        // Where time ran out under a later attempt, what the guest said before is the reason.
        boolean late = starting && e.errno() == 0 && left(deadline).isZero();
        if (e.errno() != Wire.EINPROGRESS && !late) {
          throw e;
        }
        starting = true;
        if (left(deadline).compareTo(AGAIN) <= 0) {
          throw new AgentException(
              "guest '%s': it is still starting after %d ms; see what it does with: lodge logs %1$s"
                  .formatted(guest, limit.toMillis()),
              Wire.EINPROGRESS);
        }
      }
      rest.rest(AGAIN);
    }
  }

  private Duration left(long deadlineNanos) {
    return Duration.ofNanos(Math.max(0, deadlineNanos - nanoTime.getAsLong()));
  }

  private static void sleep(Duration time) throws InterruptedIOException {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("waiting for a guest to start");
    }
  }
}
