package org.lodge.nbd.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.lodge.blocks.BlockRequest;

/** A disk of an NBD server on this host, and who keeps it connected. */
final class TestDisk implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  final NbdDisk disk;
  final Connector connector;

  TestDisk(Path socket, String export, boolean readOnly, Duration patience, int unflushedBytes) {
    BlockRequest request =
        new BlockRequest(
            "work",
            "data",
            BlockRequest.HOST,
            export,
            Optional.of(socket),
            readOnly,
            patience,
            unflushedBytes);
    disk = new NbdDisk(request, "data of a test");
    connector = new Connector(disk, new HostDialer(socket), export);
    connector.start();
  }

  TestDisk open() throws Exception {
    if (!disk.presence().awaitOpen(LIMIT)) {
      throw new AssertionError("not open: " + disk.presence().reason());
    }
    return this;
  }

  long count(String name) {
    return disk.counts().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .get()
        .value();
  }

  @Override
  public void close() {
    disk.close();
  }
}
