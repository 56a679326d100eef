package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.lodge.itests.wayland.PaintingClient;
import org.lodge.itests.wayland.WaylandRig;
import org.lodge.itests.wayland.Weston;

/**
 * The way of a window on this host alone: one client and one weston, direct, through waypipe and
 * through two agents and the router. The four take turns, so that what else the host does hits all.
 */
final class WaylandBench {
  private static final int WIDTH = 1280;
  private static final int HEIGHT = 800;
  private static final int BUFFERS = 3;
  private static final int SMALL = 16;
  private static final int WARM_UP = 100;
  private static final int SYNCS = 1000;
  private static final int COMMITS = 600;
  private static final int FRAMES = 150;
  private static final int LARGE_WIDTH = 3840;
  private static final int LARGE_HEIGHT = 2160;
  private static final int LARGE_FRAMES = 20;

  private final int runs;
  private final Table table;
  private final List<AutoCloseable> open = new ArrayList<>();

  /** What is timed; before that, untimed, so many rows of a buffer are painted anew. */
  private interface Step {
    void run(PaintingClient client, int buffer) throws IOException;
  }

  /** What a run took. */
  private record Sample(double median, double late) {}

  WaylandBench(int runs, Table table) {
    this.runs = runs;
    this.table = table;
  }

  void run() throws Exception {
    System.err.println("bench: windows ...");
    Path folder = Files.createTempDirectory("lodge-wayland");
    try {
      Weston weston =
          new Weston(folder.resolve("weston"), "--width=" + WIDTH, "--height=" + HEIGHT);
      open.add(weston);
      WaylandRig rig = new WaylandRig(folder, weston.socket());
      open.add(rig);
      Map<String, Path> ways = new LinkedHashMap<>();
      ways.put("Lodge, two agents and the router", rig.addGuest("work", Map.of()));
      ways.put("  peer: direct", weston.socket());
      ways.put("  peer: waypipe -c none", waypipe(folder, weston, "none"));
      ways.put("  peer: waypipe -c lz4", waypipe(folder, weston, "lz4"));
      measure(ways);
    } finally {
      for (AutoCloseable each : open.reversed()) {
        each.close();
      }
    }
  }

  private void measure(Map<String, Path> ways) throws Exception {
    Step small =
        (client, buffer) -> {
          client.damageBuffer(0, 0, SMALL, SMALL);
          client.commit(buffer);
          client.sync();
        };
    rows(ways, "wl_display.sync", new Work(WIDTH, HEIGHT, 0, true, SYNCS), (c, b) -> c.sync());
    rows(ways, "commit of 16x16 and sync", new Work(WIDTH, HEIGHT, SMALL, true, COMMITS), small);
    rows(
        ways,
        "1280x800 like text and sync",
        new Work(WIDTH, HEIGHT, HEIGHT, true, FRAMES),
        full(WIDTH, HEIGHT));
    rows(
        ways,
        "1280x800 random and sync",
        new Work(WIDTH, HEIGHT, HEIGHT, false, FRAMES),
        full(WIDTH, HEIGHT));
    rows(
        ways,
        "3840x2160 like text and sync",
        new Work(LARGE_WIDTH, LARGE_HEIGHT, LARGE_HEIGHT, true, LARGE_FRAMES),
        full(LARGE_WIDTH, LARGE_HEIGHT));
  }

  /** How a sample is taken: the size of buffers, and how many of their rows change each time. */
  private record Work(int width, int height, int changedRows, boolean text, int count) {
    /** Pixels of which a part that begins anywhere in the first row is a picture. */
    int[] pixels() {
      int[] pixels = new int[width * height + width];
      Random random = new Random(5);
      for (int i = 0; i < pixels.length; i++) {
        pixels[i] = text ? (i / 3 % 5 < 2 ? 0xffffff - i % 97 : 0x202020) : random.nextInt();
      }
      return pixels;
    }
  }

  private static Step full(int width, int height) {
    return (client, buffer) -> {
      client.damageBuffer(0, 0, width, height);
      client.commit(buffer);
      client.sync();
    };
  }

  private void rows(Map<String, Path> ways, String what, Work work, Step step) throws Exception {
    Map<String, List<Double>> medians = new LinkedHashMap<>();
    Map<String, List<Double>> late = new LinkedHashMap<>();
    for (int run = 0; run < runs; run++) {
      for (Map.Entry<String, Path> way : ways.entrySet()) {
        Sample sample = sample(way.getValue(), work, step);
        medians.computeIfAbsent(way.getKey(), key -> new ArrayList<>()).add(sample.median());
        late.computeIfAbsent(way.getKey(), key -> new ArrayList<>()).add(sample.late());
      }
    }
    for (String way : ways.keySet()) {
      table.row(way + ": " + what + ", p50", "us", medians.get(way), "");
      table.row("    p99", "us", late.get(way), "");
    }
  }

  private static Sample sample(Path display, Work work, Step step) throws Exception {
    try (PaintingClient client =
        new PaintingClient(display, work.width(), work.height(), BUFFERS, false)) {
      int[] pixels = work.pixels();
      int all = work.width() * work.height();
      for (int buffer = 0; buffer < BUFFERS; buffer++) {
        client.setPixels(buffer, pixels, 0, all);
      }
      int warmUp = Math.min(WARM_UP, work.count());
      double[] micros = new double[work.count()];
      for (int i = -warmUp; i < work.count(); i++) {
        int buffer = client.freeBuffer();
        int changed = work.changedRows() * work.width();
        client.setPixels(buffer, pixels, Math.floorMod(i, work.width()), changed);
        long began = System.nanoTime();
        step.run(client, buffer);
        if (i >= 0) {
          micros[i] = (System.nanoTime() - began) / 1e3;
        }
      }
      Arrays.sort(micros);
      return new Sample(micros[micros.length / 2], micros[micros.length * 99 / 100]);
    }
  }

  private Path waypipe(Path folder, Weston weston, String compression) throws Exception {
    Path link = folder.resolve("waypipe-" + compression + ".link");
    Path display = folder.resolve("waypipe-" + compression + ".sock");
    Process near =
        weston.program(
            weston.socket(), "waypipe", "-c", compression, "-s", link.toString(), "client");
    open.add(() -> end(near));
    await(link);
    Process far =
        weston.program(
            weston.socket(),
            "waypipe",
            "-c",
            compression,
            "-s",
            link.toString(),
            "--display",
            display.toString(),
            "server",
            "--",
            "sleep",
            "100000");
    open.add(() -> end(far));
    await(display);
    return display;
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

  private static void end(Process process) {
    process.descendants().forEach(ProcessHandle::destroy);
    process.destroy();
  }
}
