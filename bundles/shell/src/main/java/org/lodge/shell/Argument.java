package org.lodge.shell;

/**
 * A value that is told from others by its place.
 *
 * @param name as in {@code GUEST}
 * @param help a phrase without a full stop
 */
public record Argument(String name, Kind kind, Arity arity, String help) {

  /**
   * How many there may be. Of MANY and ANY a command has at most one, which leaves as many words as
   * the ONEs after it need; after OPTIONAL comes nothing but OPTIONAL.
   */
  public enum Arity {
    ONE,
    OPTIONAL,
    /** One or more. */
    MANY,
    /** None or more. */
    ANY
  }
}
