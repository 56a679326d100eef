package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code ./lodge bench}: measures what Lodge promises, side by side with the same thing done by
 * hand, in one run, and prints the table. Judges nothing.
 *
 * <p>Arguments: how many runs of each (default 5).
 */
public final class Bench {
  private final int runs;
  private final Path home = Path.of(System.getProperty("lodge.home"));
  private final List<Row> table = new ArrayList<>();

  /** One line of the table: every sample, in the unit. */
  private record Row(String what, String unit, List<Double> samples, String goal) {
    double median() {
      List<Double> sorted = samples.stream().sorted().toList();
      int middle = sorted.size() / 2;
      return sorted.size() % 2 == 1
          ? sorted.get(middle)
          : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
  }

  private Bench(int runs) {
    this.runs = runs;
  }

  public static void main(String[] arguments) throws Exception {
    Bench bench = new Bench(arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5);
    bench.containerAndClient();
    bench.guestStart("storage", "storage");
    bench.desktop();
    bench.print();
  }

  /** Power-on of Lodge, of a container without it, and one command. */
  private void containerAndClient() throws Exception {
    say("container and client");
    try (BenchHost host = new BenchHost(home)) {
      host.up().close();
      List<Double> up = new ArrayList<>();
      List<Double> bare = new ArrayList<>();
      List<Double> ls = new ArrayList<>();
      List<Double> jvm = new ArrayList<>();
      for (int run = 0; run < runs; run++) {
        bare.add(host.bareContainerMillis());
        try (BenchHost.Running lodge = host.up()) {
          up.add(lodge.answeredAfterMillis());
          host.lodgeMillis("ls");
          ls.add(host.lodgeMillis("ls"));
          jvm.add(host.bareJvmMillis());
        }
      }
      row("lodge up, until ls is answered", "ms", up, "600");
      row("  peer: a container without Lodge's bundles, until its last bundle", "ms", bare, "");
      row("lodge ls", "ms", ls, "150");
      row("  peer: a JVM that prints its version", "ms", jvm, "");
    }
  }

  /** From the request to the guest's first line of user space, by Lodge and by hand. */
  private void guestStart(String guest, String image) throws Exception {
    say("start of a guest");
    try (BenchHost host = new BenchHost(home)) {
      host.define(guest, "{\"image\": \"" + image + "\", \"memory\": \"256M\"}");
      List<Double> lodgeRunning = new ArrayList<>();
      List<Double> lodgeUserSpace = new ArrayList<>();
      List<Double> handRunning = new ArrayList<>();
      List<Double> handUserSpace = new ArrayList<>();
      try (BenchHost.Running lodge = host.up()) {
        lodge.start(guest);
        HandQemu hand = HandQemu.like(lodge.show(guest), host.place());
        lodge.command("stop", guest);
        for (int run = 0; run < runs; run++) {
          HandQemu.Times times = hand.run();
          handRunning.add(times.runningMillis());
          handUserSpace.add(times.userSpaceMillis());
          var start = lodge.start(guest).getJsonObject("startMillis");
          lodgeRunning.add((double) start.getInt("running"));
          lodgeUserSpace.add((double) start.getInt("userSpace"));
          lodge.command("stop", guest);
        }
      }
      row("lodge start, until the first line of user space", "ms", lodgeUserSpace, "hand + 5 %");
      row("  peer: the same QEMU by hand", "ms", handUserSpace, "");
      row("lodge start, until the CPUs run", "ms", lodgeRunning, "hand + 50");
      row("  peer: the same QEMU by hand", "ms", handRunning, "");
    }
  }

  /** From power-on to a visible desktop, and what Lodge itself then holds with three guests. */
  private void desktop() throws Exception {
    say("desktop, and three guests");
    try (BenchHost host = new BenchHost(home)) {
      String screen = "\"screen\": {\"width\": 1024, \"height\": 768}";
      host.define(
          "display", "{\"image\": \"display\", \"memory\": \"512M\", \"cpus\": 2, " + screen + "}");
      host.define("one", "{\"image\": \"storage\", \"memory\": \"256M\"}");
      host.define("two", "{\"image\": \"storage\", \"memory\": \"256M\"}");
      List<Double> byLodge = new ArrayList<>();
      List<Double> byHand = new ArrayList<>();
      List<Double> resident = new ArrayList<>();
      try (BenchHost.Running lodge = host.up()) {
        lodge.start("display");
        HandQemu hand = HandQemu.like(lodge.show("display"), host.place());
        lodge.command("stop", "display");
        for (int run = 0; run < runs; run++) {
          byHand.add(hand.desktopMillis());
          byLodge.add(lodge.desktopMillis("display", host.place()));
          lodge.command("stop", "display");
        }
        lodge.start("display");
        lodge.start("one");
        lodge.start("two");
        resident.add(lodge.residentMebibytes());
      }
      row("display guest, power-on to desktop visible", "ms", byLodge, "6000");
      row("  peer: the same QEMU by hand", "ms", byHand, "");
      row("Lodge's resident memory with three guests", "MiB", resident, "150");
    }
  }

  private void row(String what, String unit, List<Double> samples, String goal) {
    table.add(new Row(what, unit, samples, goal));
  }

  private static void say(String what) {
    System.err.println("bench: " + what + " ...");
  }

  private void print() throws IOException {
    System.out.printf("%-72s %9s %9s %9s  %-10s%n", "", "min", "median", "max", "goal");
    for (Row row : table) {
      System.out.printf(
          "%-72s %9.0f %9.0f %9.0f  %-10s%n",
          row.what + ", " + row.unit,
          row.samples.stream().mapToDouble(Double::doubleValue).min().orElseThrow(),
          row.median(),
          row.samples.stream().mapToDouble(Double::doubleValue).max().orElseThrow(),
          row.goal);
    }
  }
}
