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
  /** Bytes: {@code 512}, {@code 64K}, {@code 512M}, {@code 10G}, {@code 2T}; binary units. */
  SIZE,
  /** A file name, relative to the folder of the person who asks. */
  PATH,
  /** The name of a guest; need not exist. */
  GUEST,
  /** The name of an image; need not exist. */
  IMAGE,
  /** The name of a volume; need not exist. */
  VOLUME,
  /** The name of a share; need not exist. One of a guest that was named before, if any was. */
  SHARE,
  /** The id of a device of the guest that was named before; need not exist. */
  DEVICE,
  /** The number of a window; need not exist. */
  WINDOW,
  /** The name of a command of the shell. */
  COMMAND,
  /** A file as for PATH, or one of a guest, written {@code GUEST:PATH}. */
  PLACE,
  /** The name of a service that guests or Lodge offer; need not exist. */
  SERVICE,
  /** A guest, or a word of the policy such as {@code @host}. */
  PARTY,
  /** A word of a program's command line, taken as it is; {@code --} comes before the first. */
  WORD
}
