package org.lodge.vhostuser.internal;

/** A message that is refused while the connection goes on, with what is wrong with it. */
final class RefusedException extends Exception {
  private static final long serialVersionUID = 1;

  RefusedException(String reason) {
    super(reason);
  }

  RefusedException(String reason, Throwable cause) {
    super(reason, cause);
  }
}
