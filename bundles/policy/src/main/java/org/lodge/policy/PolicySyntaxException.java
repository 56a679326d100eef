package org.lodge.policy;

/** A rule that can't be read; the message says what is wrong with it and what is allowed. */
public final class PolicySyntaxException extends Exception {
  private static final long serialVersionUID = 1;

  public PolicySyntaxException(String message) {
    super(message);
  }
}
