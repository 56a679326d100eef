package org.lodge.shell;

/** What a value is; decides how it is checked and completed. */
public enum Kind {
  /** An option without a value. */
  FLAG,
  TEXT,
  /** A whole number, not negative. */
  INTEGER,
  /** A number with a unit: {@code 500ms}, {@code 10s}, {@code 2m}, {@code 1h}; seconds without. */
  DURATION,
  /** A file name, relative to the folder of the person who asks. */
  PATH,
  /** The name of a guest; need not exist. */
  GUEST,
  /** The name of an image; need not exist. */
  IMAGE,
  /** The name of a command of the shell. */
  COMMAND
}
