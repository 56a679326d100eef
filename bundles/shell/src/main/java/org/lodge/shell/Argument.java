package org.lodge.shell;

/**
 * A value that is told from others by its place.
 *
 * @param name as in {@code GUEST}
 * @param help a phrase without a full stop
 */
public record Argument(String name, Kind kind, Arity arity, String help) {

  /** How many there may be. Only the last argument of a command may be other than ONE. */
  public enum Arity {
    ONE,
    OPTIONAL,
    /** One or more. */
    MANY,
    /** None or more. */
    ANY
  }
}
