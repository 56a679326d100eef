package org.lodge.filesystem.internal;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.lodge.filesystem.Name;

/** Names that a guest must not see, by patterns with {@code *}. */
final class NameFilter {
  private final byte[][] patterns;

  NameFilter(List<String> patterns) {
    this.patterns =
        patterns.stream()
            .map(pattern -> pattern.getBytes(StandardCharsets.UTF_8))
            .toArray(byte[][]::new);
  }

  boolean hides(Name name) {
    for (byte[] pattern : patterns) {
      if (matches(pattern, name)) {
        return true;
      }
    }
    return false;
  }

  /** Goes back to the last star only, so the time is at most the product of both lengths. */
  private static boolean matches(byte[] pattern, Name name) {
    int at = 0;
    int in = 0;
    int star = -1;
    int from = 0;
    while (in < name.length()) {
      if (at < pattern.length && pattern[at] == '*') {
        star = at++;
        from = in;
      } else if (at < pattern.length && pattern[at] == name.at(in)) {
        at++;
        in++;
      } else if (star >= 0) {
        at = star + 1;
        in = ++from;
      } else {
        return false;
      }
    }
    while (at < pattern.length && pattern[at] == '*') {
      at++;
    }
    return at == pattern.length;
  }
}
