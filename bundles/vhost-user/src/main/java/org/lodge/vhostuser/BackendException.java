package org.lodge.vhostuser;

/** A device can't be served, or not changed as asked. */
public final class BackendException extends Exception {
  private static final long serialVersionUID = 1;

  private final String stage;

  /**
   * @param stage what was being done: {@code type}, {@code config}, {@code listen}, {@code
   *     restore}, {@code control}, or a stage of the device's own
   * @param message guest and device, what went wrong and what to do next
   */
  public BackendException(String stage, String message, Throwable cause) {
    super(message, cause);
    this.stage = stage;
  }

  public String stage() {
    return stage;
  }
}
