package org.lodge.itests.bench;

import java.util.ArrayList;
import java.util.List;

/** What was measured: a row for each thing, with the least, the middle and the most of its runs. */
final class Table {
  private final List<Row> rows = new ArrayList<>();

  /** One line: every sample, in the unit. */
  private record Row(String what, String unit, List<Double> samples, String goal) {
    double least() {
      return samples.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    double most() {
      return samples.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }

    double median() {
      List<Double> sorted = samples.stream().sorted().toList();
      int middle = sorted.size() / 2;
      return sorted.size() % 2 == 1
          ? sorted.get(middle)
          : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
  }

  /**
   * Adds a row.
   *
   * @param goal what was promised; empty for a peer
   */
  void row(String what, String unit, List<Double> samples, String goal) {
    rows.add(new Row(what, unit, List.copyOf(samples), goal));
  }

  void print() {
    System.out.printf("%-72s %9s %9s %9s  %-10s%n", "", "min", "median", "max", "goal");
    for (Row row : rows) {
      String number = row.median() < 100 ? "%9.1f" : "%9.0f";
      System.out.printf(
          "%-72s " + number + " " + number + " " + number + "  %-10s%n",
          row.what + ", " + row.unit,
          row.least(),
          row.median(),
          row.most(),
          row.goal);
    }
  }
}
