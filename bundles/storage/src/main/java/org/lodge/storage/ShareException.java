package org.lodge.storage;

/** A share could not be given or taken back; the message says why and what to do next. */
public class ShareException extends Exception {
  private static final long serialVersionUID = 1;

  public ShareException(String message) {
    this(message, null);
  }

  public ShareException(String message, Throwable cause) {
    super(message, cause);
  }
}
