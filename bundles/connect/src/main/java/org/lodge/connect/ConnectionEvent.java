package org.lodge.connect;

import org.lodge.policy.Request;

/**
 * Something happened to a connection.
 *
 * @param connectionId 0 where it never came to be one
 * @param target whom it goes to as decided so far
 * @param why one sentence for people on the host
 */
public record ConnectionEvent(
    Kind kind, long connectionId, Request request, String target, String why) {
  /** What happened. */
  public enum Kind {
    DENIED,
    ASKED,
    OPENED,
    ENDED
  }
}
