package org.lodge.nbd.internal;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.blocks.BlockRequest;
import org.lodge.blocks.BlockSource;
import org.lodge.blocks.BlockSourceException;

class NbdSourcesTest {
  @TempDir Path folder;

  private BlockRequest request(String guest, boolean readOnly) {
    return new BlockRequest(
        guest,
        "data",
        BlockRequest.HOST,
        "data",
        Optional.of(folder.resolve("sock")),
        readOnly,
        Duration.ofSeconds(30),
        1 << 20);
  }

  @Test
  @Timeout(60)
  void whatOneWritesIsNobodyElses() throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(folder.resolve("data").toFile(), "rw")) {
      file.setLength(1 << 20);
    }
    Path run = Files.createDirectory(folder.resolve("run"));
    Process server = RealServersTest.Server.NBDKIT.start(folder.resolve("sock"), folder);
    NbdSources sources = new NbdSources(null, null, run);
    try {
      BlockSource first = sources.open(request("work", false));
      BlockSource next = sources.open(request("work", false));
      BlockSourceException refused =
          assertThrows(BlockSourceException.class, () -> sources.open(request("vault", true)));
      assertTrue(
          refused.getMessage().contains("written by guest 'work', device 'data'"),
          refused.getMessage());
      first.close();
      assertThrows(BlockSourceException.class, () -> sources.open(request("vault", false)));
      next.close();
      sources.open(request("vault", true));
      sources.open(request("work", true)).close();
      assertThrows(BlockSourceException.class, () -> sources.open(request("work", false)));
    } finally {
      sources.close();
      server.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
  }
}
