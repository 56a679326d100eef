package org.lodge.shell.internal;

import org.jline.utils.WCWidth;

/**
 * Text that is safe to show on a terminal, and how wide it is there. A guest that writes escape
 * sequences, or marks that reorder what follows, must not steer the terminal of the person who
 * looks at its log.
 */
public final class SafeText {
  private static final String ELLIPSIS = "…";

  private SafeText() {}

  /** Control characters as {@code ^X}, C1 as {@code M-^X}, bidirectional marks as their number. */
  public static String safe(String untrustedText) {
    if (plainAscii(untrustedText)) {
      return untrustedText;
    }
    StringBuilder safe = new StringBuilder(untrustedText.length() + 16);
    untrustedText
        .codePoints()
        .forEach(point -> {
          if (point == '\t') {
            safe.append(' ');
          } else if (point < 0x20 || point == 0x7f) {
            safe.append('^').append((char) (point ^ 0x40));
          } else if (point >= 0x80 && point < 0xa0) {
            safe.append("M-^").append((char) (point - 0x40));
          } else if (steersTheTerminal(point)) {
            safe.append("<U+").append(String.format("%04X", point)).append('>');
          } else {
            safe.appendCodePoint(point);
          }
        });
    return safe.toString();
  }

  private static boolean steersTheTerminal(int point) {
    int type = Character.getType(point);
    return point == 0x061c
        || point == 0x200e
        || point == 0x200f
        || point >= 0x202a && point <= 0x202e
        || point >= 0x2066 && point <= 0x2069
        || type == Character.LINE_SEPARATOR
        || type == Character.PARAGRAPH_SEPARATOR
        || type == Character.SURROGATE;
  }

  private static boolean plainAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x20 || c > 0x7e) {
        return false;
      }
    }
    return true;
  }

  /** In columns; the text is safe already. */
  public static int width(String text) {
    if (plainAscii(text)) {
      return text.length();
    }
    return text.codePoints().map(point -> Math.max(0, WCWidth.wcwidth(point))).sum();
  }

  /** At most so many columns, with … where something was left out. */
  public static String truncate(String text, int columns) {
    if (width(text) <= columns) {
      return text;
    }
    StringBuilder kept = new StringBuilder();
    int used = 0;
    for (int i = 0; i < text.length(); ) {
      int point = text.codePointAt(i);
      int wide = Math.max(0, WCWidth.wcwidth(point));
      if (used + wide > columns - 1) {
        break;
      }
      kept.appendCodePoint(point);
      used += wide;
      i += Character.charCount(point);
    }
    return columns <= 0 ? "" : kept + ELLIPSIS;
  }
}
