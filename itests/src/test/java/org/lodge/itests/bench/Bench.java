package org.lodge.itests.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code ./lodge bench}: measures what Lodge promises, side by side with the same thing done by
 * hand, in one run, and prints the table. Judges nothing.
 *
 * <p>Arguments: the parts to measure (default: all), and how many runs of each (default 5). For
 * {@code blk} also {@code --rows TEXT}, the rows that have it in their name, and {@code --beside
 * FOLDER}, another Lodge, built, that takes its turns as well.
 */
public final class Bench {
  /** What others measure too, so that only who asks for them gets them. */
  private static final Set<String> PARTS_OF_PARTS = Set.of("fs-auto", "fs-none");

  private final int runs;
  private final Map<String, String> options;
  private final Path home = Path.of(System.getProperty("lodge.home"));
  private final Table table = new Table();

  private interface Part {
    void measure() throws Exception;
  }

  private Bench(int runs, Map<String, String> options) {
    this.runs = runs;
    this.options = options;
  }

  public static void main(String[] arguments) throws Exception {
    List<String> parts = new ArrayList<>(List.of(arguments));
    int runs = 5;
    Map<String, String> options = options(parts);
    if (!parts.isEmpty() && parts.getLast().matches("[1-9][0-9]*")) {
      runs = Integer.parseInt(parts.removeLast());
    }
    if (!options.isEmpty() && !parts.equals(List.of("blk"))) {
      fail(
          options.keySet() + " goes with the part blk alone: ./lodge bench blk 3 --rows '128 KiB'");
    }
    Bench bench = new Bench(runs, options);
    Map<String, Part> all = bench.parts();
    for (String part : parts) {
      if (!all.containsKey(part)) {
        fail("there is no part '" + part + "'; there are " + all.keySet());
      }
    }
    try {
      for (String part : parts.isEmpty() ? all.keySet() : parts) {
        if (!parts.isEmpty() || !PARTS_OF_PARTS.contains(part)) {
          all.get(part).measure();
        }
      }
    } finally {
      bench.table.print();
    }
  }

  /** Takes them out of the arguments. */
  private static Map<String, String> options(List<String> arguments) {
    Map<String, String> options = new HashMap<>();
    for (String option : List.of("--rows", "--beside")) {
      int at = arguments.indexOf(option);
      if (at >= 0 && at + 1 == arguments.size()) {
        fail(option + " lacks its value");
      }
      if (at >= 0) {
        arguments.remove(at);
        options.put(option, arguments.remove(at));
      }
    }
    return options;
  }

  private static void fail(String why) {
    System.err.println("bench: " + why);
    System.exit(2);
  }

  /** What can be asked for by name, in the order in which it is done. */
  private Map<String, Part> parts() {
    Map<String, Part> parts = new LinkedHashMap<>();
    parts.put("lodge", this::containerAndClient);
    parts.put("exec", () -> new CommandBench(home, runs, table).run());
    parts.put("start", () -> guestStart("storage", "storage"));
    parts.put("desktop", this::desktop);
    parts.put("blk", this::disks);
    parts.put("nbd", () -> new NbdBench(home, runs, table).run());
    parts.put("handles", () -> new HandlesBench(runs, table).run());
    parts.put("fs", () -> files("auto", "none"));
    parts.put("fs-auto", () -> files("auto"));
    parts.put("fs-none", () -> files("none"));
    parts.put("posix", () -> new PosixBench(home).run());
    parts.put("vsock", () -> new VsockBench(home, runs, table).run());
    parts.put("wayland", () -> new WaylandBench(runs, table).run());
    parts.put("wayland-guests", () -> new WaylandGuestsBench(home, runs, table).run());
    return parts;
  }

  private void disks() throws Exception {
    String other = options.get("--beside");
    Path beside = other == null ? null : Path.of(other).toAbsolutePath();
    new DiskBench(home, runs, options.getOrDefault("--rows", ""), beside, table).run();
  }

  private void files(String... caches) throws Exception {
    new FsBench(home, runs, List.of(caches), table).run();
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
      table.row("lodge up, until ls is answered", "ms", up, "600");
      table.row(
          "  peer: a container without Lodge's bundles, until its last bundle", "ms", bare, "");
      table.row("lodge ls", "ms", ls, "150");
      table.row("  peer: a JVM that prints its version", "ms", jvm, "");
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
      table.row(
          "lodge start, until the first line of user space", "ms", lodgeUserSpace, "hand + 5 %");
      table.row("  peer: the same QEMU by hand", "ms", handUserSpace, "");
      table.row("lodge start, until the CPUs run", "ms", lodgeRunning, "hand + 50");
      table.row("  peer: the same QEMU by hand", "ms", handRunning, "");
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
      table.row("display guest, power-on to desktop visible", "ms", byLodge, "6000");
      table.row("  peer: the same QEMU by hand", "ms", byHand, "");
      table.row("Lodge's resident memory with three guests", "MiB", resident, "150");
    }
  }

  private static void say(String what) {
    System.err.println("bench: " + what + " ...");
  }
}
