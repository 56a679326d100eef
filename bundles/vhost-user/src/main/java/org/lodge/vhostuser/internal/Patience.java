package org.lodge.vhostuser.internal;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** How long what may never end is waited for; tests need no clock for it. */
interface Patience {
  Patience BY_THE_CLOCK =
      (step, limit) -> {
        try {
          step.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | CancellationException e) {
          return true;
        } catch (TimeoutException e) {
          return false;
        }
        return true;
      };

  /**
   * @return false where the limit has passed first
   */
  boolean await(CompletableFuture<?> step, Duration limit) throws InterruptedException;
}
