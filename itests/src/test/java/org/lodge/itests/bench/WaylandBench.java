package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.lodge.itests.bench.WindowDriver.HostWay;
import org.lodge.itests.bench.WindowDriver.Step;
import org.lodge.itests.wayland.WaylandRig;
import org.lodge.itests.wayland.Weston;

/**
 * The way of a window on this host alone: one client and one weston, direct, through waypipe and
 * through two agents and the router.
 */
final class WaylandBench {
  private static final String SMALL = "1280 800";
  private static final String LARGE = "3840 2160";

  private static final List<Step> STEPS =
      List.of(
          new Step("wl_display.sync", "sync 1000"),
          new Step("commit of 16x16 and sync", "commit 600"),
          new Step("1280x800 like text and sync", "full text " + SMALL + " 150"),
          new Step("1280x800 random and sync", "full random " + SMALL + " 150"),
          new Step("3840x2160 like text and sync", "full text " + LARGE + " 20"),
          new Step("3840x2160 random and sync", "full random " + LARGE + " 20"),
          new Step("1280x800 like text, three buffers", "frames text " + SMALL + " 300"),
          new Step("1280x800 random, three buffers", "frames random " + SMALL + " 300"),
          new Step("3840x2160 like text, three buffers", "frames text " + LARGE + " 40"));

  private final int runs;
  private final Table table;
  private final List<AutoCloseable> open = new ArrayList<>();

  WaylandBench(int runs, Table table) {
    this.runs = runs;
    this.table = table;
  }

  void run() throws Exception {
    System.err.println("bench: windows ...");
    Path folder = Files.createTempDirectory("lodge-wayland");
    try {
      Path program = WindowDriver.build(folder);
      Weston weston = new Weston(folder.resolve("weston"), "--width=1280", "--height=800");
      open.add(weston);
      WaylandRig rig = new WaylandRig(folder, weston.socket());
      open.add(rig);
      Map<String, WindowDriver.Way> ways = new LinkedHashMap<>();
      ways.put("Lodge", new HostWay(program, rig.addGuest("work", Map.of())));
      ways.put("direct", new HostWay(program, weston.socket()));
      ways.put("waypipe -c none", new HostWay(program, waypipe(folder, weston, "none")));
      ways.put("waypipe -c lz4", new HostWay(program, waypipe(folder, weston, "lz4")));
      WindowDriver driver = new WindowDriver(ways);
      driver.measure(runs, STEPS);
      driver.print("two agents and the router", table);
    } finally {
      for (AutoCloseable each : open.reversed()) {
        each.close();
      }
    }
  }

  private Path waypipe(Path folder, Weston weston, String compression) throws Exception {
    Path link = folder.resolve("waypipe-" + compression + ".link");
    Path display = folder.resolve("waypipe-" + compression + ".sock");
    List<String> waypipe = List.of("waypipe", "-c", compression, "-s", link.toString());
    start(weston, waypipe, "client");
    await(link);
    start(weston, waypipe, "--display", display.toString(), "server", "--", "sleep", "100000");
    await(display);
    return display;
  }

  private void start(Weston weston, List<String> command, String... more) throws IOException {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(more));
    Process process = weston.program(weston.socket(), all.toArray(String[]::new));
    open.add(() -> {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
    });
  }

  private static void await(Path path) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!Files.exists(path)) {
      if (System.nanoTime() > end) {
        throw new IOException(path + " does not appear");
      }
      Thread.sleep(20);
    }
  }
}
