package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.ToDoubleFunction;
import org.lodge.itests.bench.DiskLoad.Pattern;
import org.lodge.itests.bench.DiskLoad.Result;

/**
 * A disk that Lodge serves against the same file served by {@code qemu-storage-daemon}, through the
 * same driver: one thread of this process, which sleeps until it is called, as a guest's kernel
 * does. Beside them {@code fio} on the file itself. Then both at once in a guest, driven by {@code
 * fio} there, and the pause of takeovers. All take turns within each round.
 */
final class DiskBench {
  private static final int FILE_BYTES = 256 << 20;
  private static final int WARM_UP_MILLIS = 1500;
  private static final int RUN_MILLIS = 1000;
  private static final int LARGE = 128 << 10;

  private static final List<Pattern> CACHED =
      List.of(
          new Pattern("4 KiB random read, depth 1", false, true, 4096, 1, false),
          new Pattern("4 KiB random read, depth 32", false, true, 4096, 32, false),
          new Pattern("4 KiB random write, depth 1", true, true, 4096, 1, false),
          new Pattern("4 KiB random write, depth 32", true, true, 4096, 32, false),
          new Pattern("4 KiB random write and flush", true, true, 4096, 1, true),
          new Pattern("128 KiB read, depth 1", false, false, LARGE, 1, false),
          new Pattern("128 KiB read, depth 32", false, false, LARGE, 32, false),
          new Pattern("128 KiB write, depth 1", true, false, LARGE, 1, false),
          new Pattern("128 KiB write, depth 32", true, false, LARGE, 32, false));

  private static final List<Pattern> DIRECT =
      List.of(
          new Pattern("direct, 4 KiB random read, depth 1", false, true, 4096, 1, false),
          new Pattern("direct, 4 KiB random read, depth 32", false, true, 4096, 32, false),
          new Pattern("direct, 4 KiB random write, depth 32", true, true, 4096, 32, false),
          new Pattern("direct, 128 KiB read, depth 32", false, false, LARGE, 32, false));

  /** Somebody who can do what a pattern says. */
  interface Contender {
    String name();

    Result run(Pattern pattern, long millis) throws IOException;
  }

  private final Path home;
  private final int runs;
  private final Table table;

  DiskBench(Path home, int runs, Table table) {
    this.home = home;
    this.runs = runs;
    this.table = table;
  }

  void run() throws Exception {
    try (BenchHost host = new BenchHost(home)) {
      FioGuest.image(host);
      host.define("fio", "{\"image\": \"" + FioGuest.IMAGE + "\", \"memory\": \"256M\"}");
      BenchHost.Running lodge = host.up();
      try {
        Path file = host.place().resolve("disk.img");
        fill(file);
        throughOurDriver(file, host, CACHED, "threads", false);
        throughOurDriver(file, host, DIRECT, "native", true);
        inGuest(file, host, lodge);
        new DiskTakeovers(home, host, table).run(file);
      } finally {
        lodge.close();
      }
    }
  }

  private static void fill(Path file) throws IOException {
    byte[] chunk = new byte[1 << 20];
    ThreadLocalRandom.current().nextBytes(chunk);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int i = 0; i < FILE_BYTES >> 20; i++) {
        channel.write(ByteBuffer.wrap(chunk));
      }
      channel.force(true);
    }
  }

  private void throughOurDriver(
      Path file, BenchHost host, List<Pattern> patterns, String aio, boolean direct)
      throws Exception {
    try (DiskPeer lodge = DiskPeer.lodge(file, host, direct);
        DiskPeer first = DiskPeer.storageDaemon(file, host.place(), aio, direct);
        DiskPeer second = DiskPeer.storageDaemon(file, host.place(), "io_uring", direct);
        DiskLoad ours = new DiskLoad(lodge);
        DiskLoad theirs = new DiskLoad(first);
        DiskLoad others = new DiskLoad(second)) {
      for (Pattern pattern : patterns) {
        compare("", pattern, List.of(ours, theirs, others, new Fio(file, direct)));
      }
    }
  }

  private void inGuest(Path file, BenchHost host, BenchHost.Running lodge) throws Exception {
    lodge.start("fio");
    HandQemu hand = HandQemu.like(lodge.show("fio"), host.place());
    lodge.command("stop", "fio");
    try (DiskPeer ours = DiskPeer.lodge(file, host, false);
        DiskPeer theirs = DiskPeer.storageDaemon(file, host.place(), "io_uring", false);
        FioGuest guest = FioGuest.boot(hand, List.of(ours, theirs))) {
      List<Contender> contenders = List.of(guest.disk(0, ours), guest.disk(1, theirs));
      for (Pattern pattern : CACHED) {
        compare("in a guest, ", pattern, contenders);
      }
    }
  }

  private void compare(String where, Pattern pattern, List<Contender> contenders)
      throws IOException {
    System.err.println("bench: disk, " + where + pattern.name() + " ...");
    List<List<Result>> results = new ArrayList<>();
    for (Contender contender : contenders) {
      contender.run(pattern, WARM_UP_MILLIS);
      results.add(new ArrayList<>());
    }
    for (int round = 0; round < runs; round++) {
      for (int i = 0; i < contenders.size(); i++) {
        results.get(i).add(contenders.get(i).run(pattern, RUN_MILLIS));
      }
    }
    for (int i = 0; i < contenders.size(); i++) {
      boolean ours = i == 0;
      String what = ours ? "blk: " + where + pattern.name() : "  peer: " + contenders.get(i).name();
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
