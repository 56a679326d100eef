package org.lodge.virtio;

/** A device could not be made, changed or taken over. */
public class DeviceException extends Exception {
  private static final long serialVersionUID = 1;

  private final String stage;

  /**
   * @param stage what was being done, such as {@code config}, {@code open}, {@code import-state}
   * @param message what went wrong, with what, and what to do next
   */
  public DeviceException(String stage, String message) {
    this(stage, message, null);
  }

  public DeviceException(String stage, String message, Throwable cause) {
    super(message, cause);
    this.stage = stage;
  }

  public String stage() {
    return stage;
  }
}
