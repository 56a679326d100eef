package org.lodge.agent.internal;

import java.security.SecureRandom;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.lodge.agent.ExitStatus;

/**
 * How calls end, for callers that come back to ask with a number that only they know. Each is told
 * once, and not long after the end.
 */
final class Statuses {
  private static final long KEPT_SECONDS = 10;
  private static final Executor LATER =
      CompletableFuture.delayedExecutor(KEPT_SECONDS, TimeUnit.SECONDS);

  private record Expected(String guest, CompletableFuture<ExitStatus> status) {}

  private final SecureRandom random = new SecureRandom();
  private final Map<Long, Expected> byToken = new ConcurrentHashMap<>();

  /** The number by which this guest may ask; odd where it is a program that ends. */
  long expect(String guest, CompletionStage<ExitStatus> status, boolean ofProgram) {
    Expected expected = new Expected(guest, status.toCompletableFuture());
    long token = random.nextLong() & ~1 | (ofProgram ? 1 : 0);
    byToken.put(token, expected);
    expected.status().whenCompleteAsync((done, e) -> byToken.remove(token, expected), LATER);
    return token;
  }

  /** Null where this guest has nothing to ask by that number. */
  CompletableFuture<ExitStatus> take(String guest, long untrustedToken) {
    Expected expected = byToken.get(untrustedToken);
    return expected != null
            && expected.guest().equals(guest)
            && byToken.remove(untrustedToken, expected)
        ? expected.status()
        : null;
  }
}
