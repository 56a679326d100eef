package org.lodge.connect.internal;

/** Makes what guests say fit for logs. */
final class Text {
  private static final int MAX_CHARS = 200;

  private Text() {}

  static String printable(String untrusted) {
    String cut = untrusted.length() > MAX_CHARS ? untrusted.substring(0, MAX_CHARS) : untrusted;
    return cut.replaceAll("[^ -~]", "?");
  }
}
