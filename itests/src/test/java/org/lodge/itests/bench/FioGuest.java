package org.lodge.itests.bench;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest with {@code fio} to which every peer's disk is attached at once. Its QEMU is the one that
 * Lodge would start, started by hand, because Lodge attaches no disks of others.
 */
final class FioGuest implements AutoCloseable {
  static final String IMAGE = "disk-bench";
  private static final Duration LIMIT = Duration.ofSeconds(120);

  private final HandGuest guest;

  private FioGuest(HandGuest guest) {
    this.guest = guest;
  }

  /** Adds the image to what a Lodge of the bench knows, and builds it where it is not there yet. */
  static void image(BenchHost host) throws Exception {
    try (InputStream definition = FioGuest.class.getResourceAsStream("/image/" + IMAGE + ".json")) {
      host.addImage(IMAGE, definition.readAllBytes());
    }
  }

  static FioGuest boot(HandQemu hand, List<DiskPeer> peers) throws Exception {
    List<String> more = new ArrayList<>();
    for (int i = 0; i < peers.size(); i++) {
      more.add("-chardev");
      more.add("socket,id=peer%d,path=%s".formatted(i, peers.get(i).socket()));
      more.add("-device");
      more.add("vhost-user-blk-pci,chardev=peer%d,bus=pcie.0,num-queues=1".formatted(i));
    }
    HandGuest guest = new HandGuest(hand, more, LIMIT);
    for (int i = 0; i < peers.size(); i++) {
      // The peer has a cache and says that it has none: without this its flushes would cost
      // nothing.
      guest.run("echo write back > /sys/block/%s/cache_type".formatted(disk(i)));
      String type = guest.run("cat /sys/block/%s/cache_type".formatted(disk(i)));
      if (!type.contains("\nwrite back")) {
        throw new IOException(peers.get(i).name() + " takes no write-back cache: " + type);
      }
    }
    return new FioGuest(guest);
  }

  /** The first one is the root. */
  private static String disk(int peer) {
    return "vd" + (char) ('b' + peer);
  }

  /** One peer's disk, as this guest uses it: past the guest's own cache. */
  DiskBench.Contender disk(int index, DiskPeer peer) {
    return new DiskBench.Contender() {
      @Override
      public String name() {
        return peer.name();
      }

      @Override
      public DiskLoad.Result run(DiskLoad.Pattern pattern, long millis) throws IOException {
        String engine = pattern.depth() == 1 ? "psync" : "libaio";
        String device = "/dev/" + disk(index);
        String fio = String.join(" ", Fio.command(pattern, device, engine, true, millis));
        long before = peer.cpuNanos();
        String said = guest.run(fio + " > /tmp/fio 2>&1");
        double cpuMicros = (peer.cpuNanos() - before) / 1e3;
        DiskLoad.Result result = Fio.read(said + guest.run("cat /tmp/fio"), pattern);
        return result.withCpuMicros(cpuMicros / (result.perSecond() * millis / 1e3));
      }
    };
  }

  @Override
  public void close() throws IOException {
    guest.close();
  }
}
