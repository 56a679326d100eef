package org.lodge.itests.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A directory of the host that Lodge serves to a guest, and one that another guest serves to it
 * through Lodge, against one served by Debian's {@code virtiofsd}: one guest has all of them, with
 * the caches {@code auto} and {@code none} or with one of those, and they take turns within each
 * round. What the guest runs forks no process per file.
 */
final class FsBench {
  private static final int MEBIBYTES = 64;
  private static final int BLOCKS = 2000;
  private static final int FILES = 500;
  private static final int TREE_FILES = 600;

  /** Not counted: a JVM compiles what it runs meanwhile, and caches of the host fill. */
  private static final int WARM_UP_ROUNDS = 3;

  private static final String IMAGE = "fs-bench";
  static final String STORAGE =
      "{\"image\": \"storage\", \"memory\": \"512M\", \"root\": \"volume\", \"volumeSize\": \"1G\"}";

  /** Every command leaves the directory as the next one needs it; DIR is where it works. */
  private static final Map<String, Work> WORKS = works();

  /**
   * @param before is not measured
   * @param amount of what the unit counts
   */
  private record Work(String before, String command, double amount, String unit) {}

  private final Path home;
  private final int runs;
  private final List<String> caches;
  private final Table table;

  FsBench(Path home, int runs, List<String> caches, Table table) {
    this.home = home;
    this.runs = runs;
    this.caches = caches;
    this.table = table;
  }

  private static Map<String, Work> works() {
    // What the guest forgets then it tells for a while.
    String cold = "echo 3 > /proc/sys/vm/drop_caches; sleep 0.5";
    String each = "i=0; while [ $i -lt " + FILES + " ]; do i=$((i+1)); ";
    Map<String, Work> works = new LinkedHashMap<>();
    works.put(
        "write 1 MiB at a time, and fsync",
        new Work(
            "rm -f DIR/big",
            "dd if=/dev/zero of=DIR/big bs=1M count=" + MEBIBYTES + " conv=fsync 2>/dev/null",
            MEBIBYTES,
            "MiB/s"));
    works.put(
        "read 1 MiB at a time, nothing cached in the guest",
        new Work(cold, "dd if=DIR/big of=/dev/null bs=1M 2>/dev/null", MEBIBYTES, "MiB/s"));
    works.put(
        "read 4 KiB at random, nothing cached in the guest",
        new Work(cold, "random-io read DIR/big " + BLOCKS, BLOCKS, "1/s"));
    works.put(
        "write 4 KiB at random, and fsync",
        new Work(":", "random-io write DIR/big " + BLOCKS, BLOCKS, "1/s"));
    works.put(
        "untar " + TREE_FILES + " files",
        new Work("rm -rf DIR/tree", "tar xf /tmp/tree.tar -C DIR", TREE_FILES, "files/s"));
    works.put(
        "find, nothing cached in the guest",
        new Work(cold, "find DIR/tree > /dev/null", TREE_FILES, "files/s"));
    works.put(
        "git status of " + TREE_FILES + " files, nothing cached in the guest",
        new Work(
            "git -c safe.directory=* -C DIR/tree status --porcelain > /dev/null; " + cold,
            "git -c safe.directory=* -C DIR/tree status --porcelain > /dev/null",
            TREE_FILES,
            "files/s"));
    works.put("create", new Work(":", "cd DIR; " + each + ": > f$i; done; cd /", FILES, "1/s"));
    works.put(
        "stat, nothing cached in the guest",
        new Work(cold, "cd DIR; " + each + "[ -e f$i ]; done; cd /", FILES, "1/s"));
    works.put(
        "open, read and close", new Work(":", "cd DIR; cat f* > /dev/null; cd /", FILES, "1/s"));
    works.put("unlink", new Work(":", "cd DIR; rm f*; cd /", FILES, "1/s"));
    return works;
  }

  void run() throws Exception {
    try (BenchHost host = new BenchHost(home)) {
      CProgram.build("/bench/random-io.c", host.place().resolve("config/image"));
      try (InputStream image = FsBench.class.getResourceAsStream("/image/" + IMAGE + ".json")) {
        host.addImage(IMAGE, image.readAllBytes());
      }
      host.define(
          "files", "{\"image\": \"" + IMAGE + "\", \"memory\": \"384M\", \"vsock\": false}");
      host.define("storage", STORAGE);
      for (String cache : caches) {
        FsPeer.declare(host, cache, false);
      }
      try (BenchHost.Running lodge = host.up()) {
        long storage = lodge.start("storage").getJsonNumber("pid").longValue();
        lodge.start("files");
        HandQemu hand = HandQemu.like(lodge.show("files"), host.place());
        lodge.command("stop", "files");
        List<FsPeer> peers = new ArrayList<>();
        try {
          for (String cache : caches) {
            peers.add(FsPeer.lodge(host, folder(host, "lodge-" + cache), cache, false));
            peers.add(FsPeer.served(host, storage, cache, false));
            peers.add(FsPeer.virtiofsd(host.place(), folder(host, "peer-" + cache), cache));
          }
          compare(hand, peers);
        } finally {
          for (FsPeer peer : peers) {
            peer.close();
          }
        }
      }
    }
  }

  private static Path folder(BenchHost host, String name) throws IOException {
    return Files.createDirectories(host.place().resolve(name));
  }

  private void compare(HandQemu hand, List<FsPeer> peers) throws Exception {
    try (FsGuest guest = FsGuest.boot(hand, peers)) {
      guest.run(
          "mkdir /tmp/tree; cd /tmp/tree; git init -q --template=; for d in 0 1 2 3 4 5; do mkdir $d; i=0;"
              + " while [ $i -lt 100 ]; do i=$((i+1)); head -c 6000 /dev/urandom > $d/$i; done;"
              + " done; git config user.email b@b; git config user.name b; git add .;"
              + " git commit -qm b; git repack -adq; cd /; tar cf /tmp/tree.tar -C /tmp tree");
      Map<String, List<Double>> speeds = new LinkedHashMap<>();
      Map<String, List<Double>> costs = new LinkedHashMap<>();
      for (int round = 1 - WARM_UP_ROUNDS; round <= runs; round++) {
        System.err.println("bench: file systems, round " + round + " of " + runs + " ...");
        for (int i = 0; i < peers.size(); i++) {
          for (Map.Entry<String, Work> work : WORKS.entrySet()) {
            measure(guest, peers, i, work, round > 0, speeds, costs);
          }
        }
      }
      for (Map.Entry<String, Work> work : WORKS.entrySet()) {
        for (FsPeer peer : peers) {
          boolean ours = peer.isLodge();
          String what = ours ? "fs: " + work.getKey() : "  peer";
          String key = work.getKey() + peer.name();
          String row = what + ", " + peer.name();
          table.row(row, work.getValue().unit(), speeds.get(key), ours ? "peer" : "");
          table.row(row + ", CPU each", "µs", costs.get(key), ours ? "peer" : "");
        }
      }
    }
  }

  private static void measure(
      FsGuest guest,
      List<FsPeer> peers,
      int index,
      Map.Entry<String, Work> work,
      boolean counts,
      Map<String, List<Double>> speeds,
      Map<String, List<Double>> costs)
      throws IOException {
    FsPeer peer = peers.get(index);
    Work what = work.getValue();
    String folder = "/mnt/" + index;
    guest.run(what.before().replace("DIR", folder));
    long cpu = peer.cpuNanos();
    long began = System.nanoTime();
    guest.run(what.command().replace("DIR", folder));
    double seconds = (System.nanoTime() - began) / 1e9;
    double micros = (peer.cpuNanos() - cpu) / 1e3;
    if (counts) {
      String key = work.getKey() + peer.name();
      speeds.computeIfAbsent(key, k -> new ArrayList<>()).add(what.amount() / seconds);
      costs.computeIfAbsent(key, k -> new ArrayList<>()).add(micros / what.amount());
    }
  }
}
