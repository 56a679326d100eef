package org.lodge.policy;

/** What a rule says of the requests that it matches. */
public enum Action {
  ALLOW,
  DENY,
  /** A person on the host decides, and picks the target. */
  ASK
}
