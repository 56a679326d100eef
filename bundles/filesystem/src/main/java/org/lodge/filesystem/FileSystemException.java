package org.lodge.filesystem;

/** A file system could not be had; the message says what, why and what to do next. */
public class FileSystemException extends Exception {
  private static final long serialVersionUID = 1;

  public FileSystemException(String message) {
    this(message, null);
  }

  public FileSystemException(String message, Throwable cause) {
    super(message, cause);
  }
}
