package org.lodge.policy;

/**
 * Something in the policy that a person should look at.
 *
 * @param file the file's name without its folder; {@link Rule#TEMPORARY} for temporary rules
 * @param line from 1; 0 where the whole file is meant
 * @param message what is wrong and what to do
 */
public record Finding(Kind kind, String file, int line, String message) {
  /** What is wrong, in the order of how bad it is. */
  public enum Kind {
    /** Everything is denied until this file is put right. */
    UNTRUSTED_FILE(true),
    /** The line is left out. */
    BAD_LINE(true),
    /** An earlier rule matches all that this one does, and says something else. */
    SHADOWED(false),
    /** An earlier rule says the same. */
    DUPLICATE(false),
    /** Whoever this matches is denied, as there is nobody to connect to. */
    NO_TARGET(false),
    UNKNOWN_GUEST(false),
    UNKNOWN_TAG(false),
    UNKNOWN_KIND(false),
    UNKNOWN_SERVICE(false),
    /** Allows every guest to reach every guest. */
    ALLOWS_ALL(false);

    private final boolean error;

    Kind(boolean error) {
      this.error = error;
    }

    /** Whether the policy as written is not the policy in force. */
    public boolean isError() {
      return error;
    }
  }

  /** Such as {@code 50-work.policy:12: message}. */
  @Override
  public String toString() {
    return (line == 0 ? file : file + ":" + line) + ": " + message;
  }
}
