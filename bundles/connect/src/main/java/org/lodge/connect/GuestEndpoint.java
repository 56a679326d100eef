package org.lodge.connect;

import org.osgi.annotation.versioning.ConsumerType;

/** The way to the agent in one guest; the transport's side of a {@link GuestSession}. */
@ConsumerType
public interface GuestEndpoint {
  /** Known from the channel, never from what the guest says. */
  String guest();

  /**
   * Tells the guest that a connection waits for it, to which it answers with a stream and the token
   * ({@link GuestSession#redeem}) or by {@link GuestSession#refuse}. Must not block.
   *
   * @throws ConnectException where the guest can't be told
   */
  void announce(Announcement announcement) throws ConnectException;

  /** The broker uses this endpoint no more: a newer one came, or the broker stops. */
  default void replaced() {}
}
