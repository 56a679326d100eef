package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What file systems do right: the suites of {@link PosixKit} in one guest, on directories of the
 * host that Lodge and Debian's {@code virtiofsd} serve, on those of another guest that it has
 * through Lodge, and on an ext4 of the guest's own as the measure. Each test that fails anywhere is
 * a line that says where. The properties {@code lodge.posix} and {@code lodge.posix.part} choose
 * file systems and parts: those whose names they match, as regular expressions.
 */
final class PosixBench {
  private static final List<String> PARTS =
      List.of(
          "acl",
          "syscalls",
          "fsx",
          "fsx 3000 2",
          "fsstress",
          "pjd chmod",
          "pjd chown",
          "pjd link",
          "pjd mkdir",
          "pjd mkfifo",
          "pjd open",
          "pjd rename",
          "pjd rmdir",
          "pjd symlink",
          "pjd truncate",
          "pjd unlink");

  private static final List<String> CACHES = List.of("auto", "none");

  private final Path home;
  private final Map<String, Map<String, String>> failures = new TreeMap<>();
  private final Map<String, Integer> counts = new LinkedHashMap<>();

  PosixBench(Path home) {
    this.home = home;
  }

  void run() throws Exception {
    try (BenchHost host = new BenchHost(home)) {
      host.define("files", "{\"image\": \"storage\", \"memory\": \"512M\", \"vsock\": false}");
      host.define("storage", FsBench.STORAGE);
      for (String cache : CACHES) {
        FsPeer.declare(host, cache, true);
      }
      Path kit = Files.createDirectories(host.place().resolve("kit"));
      PosixKit.build(kit);
      try (BenchHost.Running lodge = host.up()) {
        long storage = lodge.start("storage").getJsonNumber("pid").longValue();
        lodge.start("files");
        HandQemu hand = HandQemu.like(lodge.show("files"), host.place());
        lodge.command("stop", "files");
        List<FsPeer> peers = new ArrayList<>();
        try {
          for (String cache : CACHES) {
            peers.add(FsPeer.lodge(host, folder(host, "lodge-" + cache), cache, true));
            peers.add(FsPeer.served(host, storage, cache, true));
            peers.add(
                FsPeer.virtiofsd(
                    host.place(), folder(host, "peer-" + cache), cache, "--xattr", "--posix-acl"));
          }
          peers.add(FsPeer.virtiofsd(host.place(), kit, "always"));
          compare(hand, peers);
        } finally {
          for (FsPeer peer : peers) {
            peer.close();
          }
        }
      }
    }
    print();
  }

  private static Path folder(BenchHost host, String name) throws IOException {
    return Files.createDirectories(host.place().resolve(name));
  }

  private void compare(HandQemu hand, List<FsPeer> peers) throws Exception {
    try (FsGuest guest = FsGuest.boot(hand, peers)) {
      int kit = peers.size() - 1;
      guest.run(
          "modprobe loop; truncate -s 400M /tmp/disk; mkfs.ext4 -q -b 4096 /tmp/disk; mkdir /mnt/own;"
              + " mount -o loop /tmp/disk /mnt/own; rmdir /mnt/own/*; cp -r /mnt/"
              + kit
              + " /tmp/kit");
      suite(guest, "ext4 in the guest", "/mnt/own");
      for (int i = 0; i < kit; i++) {
        suite(guest, peers.get(i).name(), "/mnt/" + i);
      }
    }
  }

  private void suite(FsGuest guest, String name, String folder) throws IOException {
    if (!name.matches(System.getProperty("lodge.posix", ".*"))) {
      return;
    }
    String wanted = System.getProperty("lodge.posix.part", ".*");
    for (String part : PARTS) {
      if (!part.matches(wanted)) {
        continue;
      }
      System.err.println("bench: " + part + " on " + name + " ...");
      String[] words = part.split(" ", 2);
      String more = words.length > 1 ? " " + words[1] : "";
      String said = guest.run("bash /tmp/kit/run.sh " + words[0] + " " + folder + more);
      for (String line : said.lines().toList()) {
        if (line.startsWith("FAIL ")) {
          System.err.println(line);
          String[] parts = line.split(" ", 4);
          failures
              .computeIfAbsent(parts[1] + " " + parts[2], key -> new LinkedHashMap<>())
              .put(name, parts.length > 3 ? parts[3] : "");
        } else if (line.startsWith("RAN ")) {
          counts.merge(name, Integer.parseInt(line.substring(4)), Integer::sum);
        }
      }
    }
  }

  private void print() {
    counts.forEach((name, count) -> {
      long failed = failures.values().stream().filter(each -> each.containsKey(name)).count();
      System.out.printf("posix: %s: %d of %d tests pass%n", name, count - failed, count);
    });
    failures.forEach((test, where) -> {
      System.out.println(test);
      where.forEach((name, why) -> System.out.println("    " + name + ": " + why));
    });
  }
}
