package org.lodge.vsock;

import java.io.IOException;

/** A connection with a guest could not be made, or has ended otherwise than by a close. */
public class VsockException extends IOException {
  private static final long serialVersionUID = 1;

  public VsockException(String message) {
    super(message);
  }
}
