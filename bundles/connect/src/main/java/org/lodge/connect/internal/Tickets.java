package org.lodge.connect.internal;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodge.connect.ByteStream;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;

/**
 * Tokens that are out: random, good for one guest's session, one connection and one use, and not
 * for long.
 */
final class Tickets {
  private static final int TOKEN_BYTES = 16;

  /**
   * One token.
   *
   * @param arrival completes always: with the stream, or with a {@link ConnectException}
   */
  record Ticket(String token, Session session, Link link, CompletableFuture<ByteStream> arrival) {
    private void fail(Reason reason, String why) {
      arrival.completeExceptionally(new ConnectException(reason, why));
    }
  }

  private final SecureRandom random = new SecureRandom();
  private final Map<String, Ticket> byToken = new ConcurrentHashMap<>();

  /** A token for a stream of that session. It ends with the link, and with the time limit. */
  Ticket issue(Session session, Link link, Duration limit) {
    byte[] bytes = new byte[TOKEN_BYTES];
    random.nextBytes(bytes);
    String token = HexFormat.of().formatHex(bytes);
    CompletableFuture<ByteStream> timed = new CompletableFuture<>();
    timed.orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS);
    CompletableFuture<ByteStream> arrival = new CompletableFuture<>();
    Ticket ticket = new Ticket(token, session, link, timed);
    byToken.put(token, ticket);
    timed.whenComplete((stream, failure) -> {
      byToken.remove(token);
      if (failure instanceof TimeoutException) {
        arrival.completeExceptionally(
            new ConnectException(
                Reason.TIMEOUT,
                "%s did not come within %d ms".formatted(session.guest(), limit.toMillis())));
      } else if (failure != null) {
        arrival.completeExceptionally(failure);
      } else {
        arrival.complete(stream);
      }
    });
    link.onEnd(how -> ticket.fail(how.reason(), how.why()));
    return new Ticket(token, session, link, arrival);
  }

  /** The first to come with a stream in time has it taken; for everybody else this throws. */
  void redeem(Session session, String untrustedToken, ByteStream stream) throws ConnectException {
    Ticket ticket = byToken.get(untrustedToken);
    if (ticket == null
        || ticket.session() != session
        || !byToken.remove(untrustedToken, ticket)
        || !ticket.arrival().complete(stream)) {
      stream.reset();
      throw new ConnectException(
          Reason.BAD_TOKEN,
          session.guest() + " came with a token that is unknown, used, or too old");
    }
  }

  void refuse(Session session, String untrustedToken, String untrustedWhy) {
    Ticket ticket = byToken.get(untrustedToken);
    if (ticket != null && ticket.session() == session) {
      ticket.fail(Reason.REFUSED, session.guest() + " refused: " + Text.printable(untrustedWhy));
    }
  }

  /** How many are out. */
  int count() {
    return byToken.size();
  }
}
