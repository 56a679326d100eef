package org.lodge.vhostuser.internal;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How long what may never end is waited for; tests need no clock for it. */
interface Patience {
  Patience BY_THE_CLOCK =
      step -> {
        try {
          step.result.get(step.limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | CancellationException e) {
          return true;
        } catch (TimeoutException e) {
          return false;
        }
        return true;
      };

  /**
   * Waits for the step's result, at most for its limit.
   *
   * @return false where the limit has passed first
   */
  boolean await(Step<?> step) throws InterruptedException;
}
