package org.lodge.connect;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Makes connections between guests, and between guests and Lodge, where the policy allows them.
 *
 * <p>An OSGi service; thread-safe. A connection lives no longer than either of its guests, and what
 * is over on one side is reset on the other. Every decision is a line of the logger {@code audit}.
 */
@ProviderType
public interface Broker {
  /** Who offers what: a guest, or {@code @host}. */
  record Offered(String provider, ServiceDescription description) {}

  /**
   * Takes up a guest whose agent has come. A former session of the guest is closed: the newest
   * agent counts.
   */
  GuestSession attach(GuestEndpoint endpoint);

  /**
   * Connects the host with a guest. Completes always, with the host's end or a {@link
   * ConnectException}; stages run on a virtual thread of their own.
   *
   * @param source {@code @host}, or the guest on whose behalf Lodge acts and whose limits and rules
   *     count; known from its channel
   */
  CompletionStage<ByteStream> connect(String source, Call call);

  /** The guest has ended: resets all that it or Lodge on its behalf had open. */
  void guestGone(String guest);

  /** What waits for a person, the oldest first. */
  List<Ask> asks();

  /** All that are not ended, the oldest first. */
  List<Connection> connections();

  /** By provider and name. */
  List<Offered> services();
}
