package org.lodge.vhostuser.internal;

/** The connection has ended, or can't be read on because the front-end is out of step. */
final class DisconnectedException extends Exception {
  private static final long serialVersionUID = 1;

  private final boolean orderly;

  private DisconnectedException(String reason, boolean orderly) {
    super(reason);
    this.orderly = orderly;
  }

  static DisconnectedException ended() {
    return new DisconnectedException("the monitor has closed the connection", true);
  }

  DisconnectedException(String reason) {
    this(reason, false);
  }

  /** Whether the front-end has ended it between two messages. */
  boolean orderly() {
    return orderly;
  }
}
