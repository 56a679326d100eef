package org.lodge.storage;

/** A volume could not be made, changed or given; the message says why and what to do next. */
public class VolumeException extends Exception {
  private static final long serialVersionUID = 1;

  public VolumeException(String message) {
    this(message, null);
  }

  public VolumeException(String message, Throwable cause) {
    super(message, cause);
  }
}
