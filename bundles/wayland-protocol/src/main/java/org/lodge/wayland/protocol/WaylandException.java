package org.lodge.wayland.protocol;

/**
 * A peer broke the rules of Wayland, and its connection ends. Carries what {@code wl_display.error}
 * says. Has no stack trace, so that a hostile peer can't make it costly.
 */
public final class WaylandException extends Exception {
  private static final long serialVersionUID = 1;

  /** An object that does not exist, or is not what it must be. */
  public static final int INVALID_OBJECT = 0;

  /** A message that does not exist, or is malformed. */
  public static final int INVALID_METHOD = 1;

  /** A limit is reached. */
  public static final int NO_MEMORY = 2;

  /** The connection can't go on for a reason that is not the peer's. */
  public static final int IMPLEMENTATION = 3;

  private final int objectId;
  private final int code;

  /**
   * @param objectId whom the error names: {@code wl_display} with the constants of this class, else
   *     an object with an error of its interface
   * @param message for the peer's people; at most some hundred bytes, without untrusted text
   */
  public WaylandException(int objectId, int code, String message) {
    super(message, null, false, false);
    this.objectId = objectId;
    this.code = code;
  }

  /** An error of {@code wl_display}, which is always object 1. */
  public static WaylandException ofDisplay(int code, String message) {
    return new WaylandException(1, code, message);
  }

  public int objectId() {
    return objectId;
  }

  public int code() {
    return code;
  }
}
