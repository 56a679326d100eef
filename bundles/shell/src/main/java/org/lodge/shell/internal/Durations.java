package org.lodge.shell.internal;

import java.time.Duration;
import java.util.Locale;

/** Times and sizes as a person writes and reads them. */
public final class Durations {
  private Durations() {}

  /**
   * @throws IllegalArgumentException with a sentence on what is allowed
   */
  static Duration parse(String text) {
    int digits = 0;
    while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
      digits++;
    }
    if (digits == 0 || digits > 9) {
      throw new IllegalArgumentException("a time such as 500ms, 10s, 2m or 1h");
    }
    long number = Long.parseLong(text.substring(0, digits));
    return switch (text.substring(digits)) {
      case "ms" -> Duration.ofMillis(number);
      case "", "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> throw new IllegalArgumentException("a time such as 500ms, 10s, 2m or 1h");
    };
  }

  /**
   * @return bytes
   * @throws IllegalArgumentException with a sentence on what is allowed
   */
  static long parseSize(String text) {
    int unit = text.isEmpty() ? -1 : "KMGT".indexOf(text.charAt(text.length() - 1));
    String number = unit < 0 ? text : text.substring(0, text.length() - 1);
    int shift = 10 * (unit + 1);
    if (!number.matches("[1-9][0-9]{0,17}") || Long.parseLong(number) > Long.MAX_VALUE >> shift) {
      throw new IllegalArgumentException("a size such as 512M or 10G, of less than 8 EiB");
    }
    return Long.parseLong(number) << shift;
  }

  /** As in {@code 5.31 s}. */
  public static String seconds(Duration time) {
    return String.format(Locale.ROOT, "%.2f s", time.toMillis() / 1000.0);
  }

  /** An age of two units at most, as in {@code 3h12m}. */
  public static String age(Duration time) {
    long seconds = Math.max(0, time.toSeconds());
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3600) {
      return seconds / 60 + "m" + (seconds < 600 ? seconds % 60 + "s" : "");
    }
    if (seconds < 86_400) {
      return seconds / 3600 + "h" + seconds / 60 % 60 + "m";
    }
    return seconds / 86_400 + "d" + seconds / 3600 % 24 + "h";
  }

  /** In binary units, as in {@code 512M} or {@code 1.5G}. */
  public static String size(long bytes) {
    String units = "KMGT";
    if (bytes < 1024) {
      return bytes + "B";
    }
    double value = bytes;
    int unit = -1;
    while (value >= 1024 && unit < units.length() - 1) {
      value /= 1024;
      unit++;
    }
    boolean whole = value >= 100 || value == Math.rint(value);
    return String.format(Locale.ROOT, whole ? "%.0f%c" : "%.1f%c", value, units.charAt(unit));
  }
}
