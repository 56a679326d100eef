package org.lodge.itests.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.lodge.itests.bench.DiskLoad.Pattern;

/**
 * A disk that an NBD server keeps, through one driver on this machine: Lodge and {@code
 * qemu-storage-daemon} as clients of one {@code nbdkit} on this host, beside Lodge on the file
 * itself; and Lodge as the client of an {@code nbdkit} in a storage guest, through the guest's
 * virtio socket, beside the same. All take turns within each round.
 */
final class NbdBench {
  private static final int FILE_MEBIBYTES = 64;
  private static final int LARGE = 128 << 10;
  private static final int TURNS = 4;

  private static final List<Pattern> PATTERNS =
      List.of(
          new Pattern("4 KiB random read, depth 1", false, true, 4096, 1, false),
          new Pattern("4 KiB random read, depth 32", false, true, 4096, 32, false),
          new Pattern("4 KiB random write, depth 32", true, true, 4096, 32, false),
          new Pattern("4 KiB random write and flush", true, true, 4096, 1, true),
          new Pattern("128 KiB read, depth 32", false, false, LARGE, 32, false),
          new Pattern("128 KiB write, depth 32", true, false, LARGE, 32, false));

  private final Path home;
  private final DiskRounds rounds;

  NbdBench(Path home, int runs, Table table) {
    this.home = home;
    rounds = new DiskRounds("nbd", runs, "", table);
  }

  void run() throws Exception {
    try (BenchHost host = new BenchHost(home)) {
      host.define(
          "storage",
          "{\"image\": \"storage\", \"memory\": \"256M\", \"root\": \"volume\", \"volumeSize\":"
              + " \"512M\", \"services\": {\"disk\": {\"socket\": \"/run/nbd.sock\"}}}");
      // Never started: the driver here stands for it, and rules are about guests.
      host.define("bench", "{\"image\": \"storage\", \"memory\": \"64M\"}");
      Path rules = Files.createDirectories(host.place().resolve("config/policy.d"));
      Files.writeString(
          rules.resolve("50.policy"), "* @host @any allow\ndisk bench storage allow\n");
      Path file = Files.createDirectory(host.place().resolve("disks")).resolve("disk");
      DiskBench.fill(file, FILE_MEBIBYTES);
      try (BenchHost.Running lodge = host.up()) {
        lodge.start("storage");
        host.lodgeMillis(
            "exec",
            "storage",
            "--",
            "dd",
            "if=/dev/urandom",
            "of=/srv/disks/disk",
            "bs=1M",
            "count=" + FILE_MEBIBYTES);
        compare(host, file);
      }
    }
  }

  private void compare(BenchHost host, Path file) throws Exception {
    Path socket = host.place().resolve("nbdkit.sock");
    Process nbdkit =
        new ProcessBuilder(
                "nbdkit",
                "--foreground",
                "-U",
                socket.toString(),
                "file",
                "dir=" + file.getParent())
            .redirectErrorStream(true)
            .redirectOutput(host.place().resolve("nbdkit.log").toFile())
            .start();
    try {
      DiskPeer.awaitFile(socket);
      try (DiskPeer ours = lodge(host, "nbd.sock", "from=host;export=disk;socket=" + socket);
          DiskPeer theirs = DiskPeer.storageDaemonOfNbd(socket, "disk", host.place());
          DiskPeer local =
              lodge(host, "file.sock", "path=" + file).named("Lodge, the file itself");
          DiskPeer remote =
              lodge(host, "guest.sock", "from=storage;export=disk")
                  .named("Lodge, from a storage guest");
          DriverMemory memory = new DriverMemory();
          DiskLoad first = new DiskLoad(ours, memory);
          DiskLoad second = new DiskLoad(theirs, memory);
          DiskLoad third = new DiskLoad(local, memory);
          DiskLoad fourth = new DiskLoad(remote, memory)) {
        for (Pattern pattern : PATTERNS) {
          rounds.compare("", pattern, TURNS, List.of(first, second, third, fourth));
        }
      }
    } finally {
      nbdkit.destroyForcibly().onExit().join();
    }
  }

  private static DiskPeer lodge(BenchHost host, String name, String config) throws Exception {
    return DiskPeer.lodge(host, "blk", host.place().resolve(name), config);
  }
}
