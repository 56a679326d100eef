package org.lodge.agent.handles;

import java.io.IOException;

/** No more can be made for a connection: it has its share, or its agent has no room. */
public final class TooManyHandlesException extends IOException {
  private static final long serialVersionUID = 1;

  public TooManyHandlesException(String message) {
    super(message);
  }
}
