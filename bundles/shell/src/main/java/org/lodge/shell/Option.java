package org.lodge.shell;

/**
 * A value that is told from others by its name.
 *
 * @param name without the dashes, as in {@code follow}
 * @param letter the short form, as in {@code f}; 0 for none
 * @param defaultValue as it would be written; empty for none
 * @param help a phrase without a full stop
 */
public record Option(String name, char letter, Kind kind, String defaultValue, String help) {

  public static Option flag(String name, char letter, String help) {
    return new Option(name, letter, Kind.FLAG, "", help);
  }
}
