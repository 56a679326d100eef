package org.lodge.itests.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lodge.itests.vsock.Result;

/**
 * The same client, {@code window-driver}, over several ways to a compositor, which take turns
 * within each run, so that what else the machine does hits all of them.
 */
public final class WindowDriver {
  private static final double GIGABYTE = 1e9;

  /** How a client reaches a compositor. */
  interface Way {
    /** Has the client do a step, and returns the line that it prints. */
    Result run(String step) throws Exception;

    /** Processor time that all but the client has used since it began, in seconds. */
    double cpuSeconds() throws Exception;
  }

  /**
   * What is measured: round trips, or pictures as fast as they are taken.
   *
   * @param arguments of the client
   */
  record Step(String what, String arguments) {
    boolean isStream() {
      return arguments.startsWith("frames");
    }
  }

  private record Row(String what, String unit) {}

  private final Map<String, Way> ways;
  private final Map<Row, Map<String, List<Double>>> figures = new LinkedHashMap<>();

  /**
   * @param ways by their names for the table
   */
  WindowDriver(Map<String, Way> ways) {
    this.ways = ways;
  }

  /** Builds the client. */
  public static Path build(Path folder) throws Exception {
    return CProgram.build("/wayland/window-driver.c", folder);
  }

  void measure(int runs, List<Step> steps) throws Exception {
    for (int run = 0; run < runs; run++) {
      for (Step step : steps) {
        for (Map.Entry<String, Way> way : ways.entrySet()) {
          measure(step, way.getKey(), way.getValue());
        }
      }
    }
  }

  private void measure(Step step, String name, Way way) throws Exception {
    double before = way.cpuSeconds();
    Result result = way.run(step.arguments());
    double cpu = way.cpuSeconds() - before;
    System.err.printf("bench: %s: %s, %.2f s of processor time%n", name, result.line(), cpu);
    if (step.isStream()) {
      add(step.what(), "frames/s", name, result.number("rate"));
      add(step.what() + ", CPU", "s/GB", name, cpu / (result.number("bytes") / GIGABYTE));
    } else {
      add(step.what() + ", p50", "us", name, result.number("p50"));
      add(step.what() + ", p99", "us", name, result.number("p99"));
    }
  }

  void add(String what, String unit, String way, double value) {
    figures
        .computeIfAbsent(new Row(what, unit), row -> new LinkedHashMap<>())
        .computeIfAbsent(way, name -> new ArrayList<>())
        .add(value);
  }

  /** The first way is ours. */
  void print(String where, Table table) {
    String ours = ways.keySet().iterator().next();
    figures.forEach((row, samples) -> {
      Set<String> names = samples.keySet();
      for (String name : names) {
        String what = name.equals(ours) ? where + ": " + row.what() : "  peer: " + name;
        table.row(what, row.unit(), samples.get(name), "");
      }
    });
  }

  /** On this host: the client as a process, all others as descendants of this one. */
  record HostWay(Path program, Path display) implements Way {
    @Override
    public Result run(String step) throws IOException {
      List<String> command = new ArrayList<>(List.of(program.toString(), display.toString()));
      command.addAll(List.of(step.split(" ")));
      Process client =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      try (BufferedReader reader = client.inputReader()) {
        String line = reader.readLine();
        if (line == null) {
          throw new IOException("%s prints nothing".formatted(command));
        }
        return new Result(line);
      }
    }

    @Override
    public double cpuSeconds() throws IOException {
      ProcessHandle self = ProcessHandle.current();
      double sum = Processors.seconds(self.pid(), false);
      for (ProcessHandle each : self.descendants().toList()) {
        boolean client = each.info().command().orElse("").equals(program.toString());
        sum += client ? 0 : Processors.seconds(each.pid(), true);
      }
      return sum;
    }
  }
}
