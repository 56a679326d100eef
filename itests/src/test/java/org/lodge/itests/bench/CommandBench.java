package org.lodge.itests.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a command inside a guest costs beside the two things that it can't do without: the start of
 * its own client, and the program's start by the guest's own shell.
 */
final class CommandBench {
  private static final int PROGRAMS = 20;

  private final Path home;
  private final int runs;
  private final Table table;

  CommandBench(Path home, int runs, Table table) {
    this.home = home;
    this.runs = runs;
    this.table = table;
  }

  void run() throws Exception {
    List<Double> exec = new ArrayList<>();
    List<Double> ping = new ArrayList<>();
    List<Double> inside = new ArrayList<>();
    try (BenchHost host = new BenchHost(home)) {
      host.define("work", "{\"image\": \"storage\", \"memory\": \"256M\"}");
      try (BenchHost.Running lodge = host.up()) {
        lodge.start("work");
        host.lodgeMillis("exec", "-n", "work", "--", "true");
        for (int run = 0; run < runs; run++) {
          ping.add(host.lodgeMillis("ping"));
          exec.add(host.lodgeMillis("exec", "-n", "work", "--", "true"));
          inside.add(insideMillis(lodge));
        }
      }
    }
    table.row("lodge exec work -- true", "ms", exec, "");
    table.row("  of which its client's own start: lodge ping", "ms", ping, "");
    table.row("  of which the program's: true from a shell of the guest", "ms", inside, "");
    // Of medians: the runs of one round are not alike enough to be subtracted.
    double left = median(exec) - median(ping) - median(inside);
    table.row("  what is left, by the medians", "ms", List.of(left), "30");
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  /** By the guest's clock, over several. */
  private static double insideMillis(BenchHost.Running lodge) throws Exception {
    String script =
        "now() { cut -d' ' -f1 /proc/uptime; }; s=$(now); i=0; while [ $i -lt "
            + PROGRAMS
            + " ]; do /usr/bin/true; i=$((i+1)); done; echo $s $(now)";
    String[] times =
        lodge.command("exec", "-n", "work", "--", "sh", "-c", script).strip().split(" ");
    return (Double.parseDouble(times[1]) - Double.parseDouble(times[0])) * 1000 / PROGRAMS;
  }
}
