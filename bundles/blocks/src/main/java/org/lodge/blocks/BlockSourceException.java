package org.lodge.blocks;

/** A source can't be had or used; the message says why and what to do next. */
public class BlockSourceException extends Exception {
  private static final long serialVersionUID = 1;

  public BlockSourceException(String message) {
    this(message, null);
  }

  public BlockSourceException(String message, Throwable cause) {
    super(message, cause);
  }
}
