package org.lodge.agent.internal;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.lodge.agent.ExitStatus;

/** How the programs end that serve connections, for whoever called. */
final class Outcomes {
  /** The caller hears of the grant a moment after the program was started, and it may be short. */
  private static final long KEPT_SECONDS = 10;

  private static final Executor LATER =
      CompletableFuture.delayedExecutor(KEPT_SECONDS, TimeUnit.SECONDS);

  private final Map<Long, CompletableFuture<ExitStatus>> byConnection = new ConcurrentHashMap<>();

  /** A program is about to serve this connection. */
  CompletableFuture<ExitStatus> expect(long connectionId) {
    CompletableFuture<ExitStatus> outcome = new CompletableFuture<>();
    byConnection.put(connectionId, outcome);
    outcome.whenCompleteAsync(
        (status, failure) -> byConnection.remove(connectionId, outcome), LATER);
    return outcome;
  }

  /** Empty where no program of a guest serves this connection. */
  Optional<CompletableFuture<ExitStatus>> of(long connectionId) {
    return Optional.ofNullable(byConnection.get(connectionId));
  }
}
