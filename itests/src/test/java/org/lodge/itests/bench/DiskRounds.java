package org.lodge.itests.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.lodge.itests.bench.DiskBench.Contender;
import org.lodge.itests.bench.DiskLoad.Pattern;
import org.lodge.itests.bench.DiskLoad.Result;

/**
 * Lets several do the same by turns, and adds what came of it to the table. A run is a second, in
 * turns as short as the contenders allow: what disturbs this machine then meets all of them alike.
 *
 * @param part whose rows these are
 * @param rows what of them is asked for: those that have this in their name
 */
record DiskRounds(String part, int runs, String rows, Table table) {
  private static final int WARM_UP_MILLIS = 1500;
  private static final int RUN_MILLIS = 1000;

  /** Whether one of these is asked for. */
  boolean wants(String where, List<Pattern> patterns) {
    return patterns.stream().anyMatch(pattern -> wants(where, pattern));
  }

  private boolean wants(String where, Pattern pattern) {
    return (where + pattern.name()).contains(rows);
  }

  /**
   * The first contender is ours.
   *
   * @param turns of each contender in a run
   */
  void compare(String where, Pattern pattern, int turns, List<? extends Contender> contenders)
      throws IOException {
    if (!wants(where, pattern)) {
      return;
    }
    System.err.println("bench: " + part + ", " + where + pattern.name() + " ...");
    List<List<Result>> results = new ArrayList<>();
    for (Contender contender : contenders) {
      contender.run(pattern, WARM_UP_MILLIS);
      results.add(new ArrayList<>());
    }
    for (int turn = 0; turn < runs * turns; turn++) {
      for (int i = 0; i < contenders.size(); i++) {
        results.get(i).add(contenders.get(i).run(pattern, RUN_MILLIS / turns));
      }
    }
    for (int i = 0; i < contenders.size(); i++) {
      boolean ours = i == 0;
      String what =
          ours ? part + ": " + where + pattern.name() : "  peer: " + contenders.get(i).name();
      String goal = ours ? "peer" : "";
      row(what, "1/s", results.get(i), Result::perSecond, goal);
      row(what + ", p50", "µs", results.get(i), Result::medianMicros, goal);
      row(what + ", p99", "µs", results.get(i), Result::p99Micros, goal);
      row(what + ", CPU each", "µs", results.get(i), Result::cpuMicros, goal);
    }
  }

  private void row(
      String what, String unit, List<Result> of, ToDoubleFunction<Result> value, String goal) {
    table.row(what, unit, of.stream().mapToDouble(value).boxed().toList(), goal);
  }
}
