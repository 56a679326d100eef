package org.lodge.itests.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A guest that has every peer's directory at {@code /mnt/INDEX}; its QEMU is started by hand. */
final class FsGuest implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofMinutes(15);

  private final HandGuest guest;

  private FsGuest(HandGuest guest) {
    this.guest = guest;
  }

  static FsGuest boot(HandQemu hand, List<FsPeer> peers) throws Exception {
    List<String> more = new ArrayList<>();
    for (int i = 0; i < peers.size(); i++) {
      more.add("-chardev");
      more.add("socket,id=peer%d,path=%s".formatted(i, peers.get(i).socket()));
      more.add("-device");
      more.add(
          "vhost-user-fs-pci,chardev=peer%d,bus=pcie.0,tag=peer%d,queue-size=1024".formatted(i, i));
    }
    HandGuest guest = new HandGuest(hand, more, LIMIT);
    guest.run("modprobe virtiofs");
    for (int i = 0; i < peers.size(); i++) {
      String said =
          guest.run(
              "mkdir -p /mnt/%d; mount -t virtiofs peer%d /mnt/%d && echo mo''unted"
                  .formatted(i, i, i));
      if (!said.contains("\nmounted")) {
        throw new IOException(peers.get(i).name() + ": " + said);
      }
      if (peers.get(i).isLodge()) {
        // As Lodge's agent mounts it.
        guest.run("echo 1024 > /sys/class/bdi/$(mountpoint -d /mnt/%d)/read_ahead_kb".formatted(i));
      }
    }
    return new FsGuest(guest);
  }

  String run(String command) throws IOException {
    return guest.run(command);
  }

  @Override
  public void close() throws IOException {
    guest.close();
  }
}
