package org.lodge.agent;

import java.io.IOException;

/** An agent could not do what was asked, or is not there. */
public class AgentException extends IOException {
  private static final long serialVersionUID = 1;

  private final int errno;

  public AgentException(String message) {
    this(message, 0);
  }

  /**
   * @param errno as the guest gave it, or 0
   */
  public AgentException(String message, int errno) {
    super(message);
    this.errno = errno;
  }

  /** The guest's error number, or 0 where it is none of the guest's. */
  public int errno() {
    return errno;
  }
}
