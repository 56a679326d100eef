package org.lodge.agent.internal.handles;

import java.io.IOException;

/** An agent said what it must not. */
final class ProtocolException extends IOException {
  private static final long serialVersionUID = 1;

  ProtocolException(String message) {
    super(message);
  }
}
