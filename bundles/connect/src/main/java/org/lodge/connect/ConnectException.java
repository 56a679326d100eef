package org.lodge.connect;

import java.io.IOException;

/** A connection was not made. */
public final class ConnectException extends IOException {
  private static final long serialVersionUID = 1;

  /** What the caller may be told, whoever it is. */
  public enum Reason {
    /** A name or value is misspelt. */
    BAD_REQUEST,
    /** The policy or a person said no, or there is no such target. */
    DENIED,
    /** The caller has too many connections or calls too often. */
    LIMIT,
    /** The target is there and does not offer this. */
    NOT_OFFERED,
    /** The target is not there. */
    UNREACHABLE,
    /** The target said no. */
    REFUSED,
    /** Somebody did not come in time. */
    TIMEOUT,
    /** A token is unknown, of another guest, used, or too old. */
    BAD_TOKEN,
    /** It was ended before it was open. */
    ENDED
  }

  private final Reason reason;

  /**
   * @param message for people on the host, never for a guest: it may tell of rules and other guests
   */
  public ConnectException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
