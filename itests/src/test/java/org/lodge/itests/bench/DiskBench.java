package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.lodge.itests.bench.DiskLoad.Pattern;
import org.lodge.itests.bench.DiskLoad.Result;

/**
 * A disk that Lodge serves against the same file served by {@code qemu-storage-daemon}, through the
 * same driver: one thread of this process, which sleeps until it is called, as a guest's kernel
 * does. Beside them {@code fio} on the file itself. Then both at once in a guest, driven by {@code
 * fio} there, and the pause of takeovers. All take turns within each round.
 */
final class DiskBench {
  private static final int FILE_MEBIBYTES = 256;
  private static final int LARGE = 128 << 10;
  private static final int TURNS = 4;
  private static final String IN_GUEST = "in a guest, ";

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

  /** What the sleep and the waking of a driver leave out of sight. */
  private static final List<Pattern> POLLED =
      List.of(
          new Pattern("4 KiB random read, depth 1, polled", false, true, 4096, 1, false, true),
          new Pattern("128 KiB read, depth 1, polled", false, false, LARGE, 1, false, true));

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
  private final Path other;
  private final boolean takeovers;
  private final Table table;
  private final DiskRounds rounds;

  /**
   * @param rows what of the table is asked for: those that have this in their name
   * @param other another Lodge, built, to be measured beside; null for none
   */
  DiskBench(Path home, int runs, String rows, Path other, Table table) {
    this.home = home;
    this.other = other;
    this.table = table;
    takeovers = DiskTakeovers.NAME.contains(rows);
    rounds = new DiskRounds("blk", runs, rows, table);
  }

  void run() throws Exception {
    try (BenchHost host = new BenchHost(home)) {
      FioGuest.image(host);
      host.define("fio", "{\"image\": \"" + FioGuest.IMAGE + "\", \"memory\": \"256M\"}");
      try (BenchHost.Running lodge = host.up()) {
        Path file = host.place().resolve("disk.img");
        fill(file, FILE_MEBIBYTES);
        throughOurDriver(file, host, CACHED, "threads", false);
        throughOurDriver(file, host, POLLED, "threads", false);
        throughOurDriver(file, host, DIRECT, "native", true);
        if (rounds.wants(IN_GUEST, CACHED)) {
          inGuest(file, host, lodge);
        }
        if (takeovers) {
          new DiskTakeovers(home, host, table).run(file);
        }
      }
    }
  }

  static void fill(Path file, int mebibytes) throws IOException {
    byte[] chunk = new byte[1 << 20];
    ThreadLocalRandom.current().nextBytes(chunk);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int i = 0; i < mebibytes; i++) {
        channel.write(ByteBuffer.wrap(chunk));
      }
      channel.force(true);
    }
  }

  private void throughOurDriver(
      Path file, BenchHost host, List<Pattern> patterns, String aio, boolean direct)
      throws Exception {
    if (!rounds.wants("", patterns)) {
      return;
    }
    try (DiskPeer lodge = DiskPeer.lodge(file, host, direct);
        DiskPeer beside = beside(direct);
        DiskPeer first = DiskPeer.storageDaemon(file, host.place(), aio, direct);
        DiskPeer second = DiskPeer.storageDaemon(file, host.place(), "io_uring", direct);
        DriverMemory memory = new DriverMemory();
        DiskLoad ours = new DiskLoad(lodge, memory);
        DiskLoad besides = beside == null ? null : new DiskLoad(beside, memory);
        DiskLoad theirs = new DiskLoad(first, memory);
        DiskLoad others = new DiskLoad(second, memory)) {
      List<Contender> contenders = new ArrayList<>(List.of(ours, theirs, others));
      contenders.add(new Fio(file, direct));
      if (besides != null) {
        contenders.add(1, besides);
      }
      for (Pattern pattern : patterns) {
        rounds.compare("", pattern, TURNS, contenders);
      }
    }
  }

  /** The other Lodge, with a file of its own, as no two of them may write one. */
  private DiskPeer beside(boolean direct) throws Exception {
    if (other == null) {
      return null;
    }
    BenchHost host = new BenchHost(other);
    BenchHost.Running lodge = host.up();
    Path file = host.place().resolve("disk.img");
    fill(file, FILE_MEBIBYTES);
    DiskPeer disk = DiskPeer.lodge(file, host, direct);
    return new DiskPeer(
        "Lodge of " + other,
        disk.socket(),
        disk.pid(),
        () -> {
          disk.close();
          lodge.close();
          host.close();
        });
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
        rounds.compare(IN_GUEST, pattern, 1, contenders);
      }
    }
  }
}
