package org.lodge.shell.internal;

import java.util.Collection;
import java.util.Optional;

/** What a person may have meant to type. */
final class Nearest {
  private Nearest() {}

  static Optional<String> to(String typed, Collection<String> known) {
    String best = null;
    int bestDistance = Math.max(1, typed.length() / 3) + 1;
    for (String candidate : known) {
      int distance = distance(typed, candidate);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  static String suggestion(String typed, Collection<String> known, String prefix) {
    return to(typed, known).map(name -> "; did you mean " + prefix + name + "?").orElse("");
  }

  /** Insertions, deletions, replacements and swaps of neighbours. */
  static int distance(String a, String b) {
    int[][] costs = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          costs[i][j] = i + j;
          continue;
        }
        int replace = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int cost =
            Math.min(costs[i - 1][j - 1] + replace, Math.min(costs[i - 1][j], costs[i][j - 1]) + 1);
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        costs[i][j] = swapped ? Math.min(cost, costs[i - 2][j - 2] + 1) : cost;
      }
    }
    return costs[a.length()][b.length()];
  }
}
