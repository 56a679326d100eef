package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(10)
class LogBoundsTest {
  @TempDir Path directory;

  @Test
  void aLogThatGrowsIsShortenedAndGoesOn() throws Exception {
    Path log = Files.createFile(directory.resolve(RunDirectory.LOG));
    try (LogBounds bounds = new LogBounds();
        var qemu = Files.newOutputStream(log, StandardOpenOption.APPEND)) {
      bounds.watch(directory);
      qemu.write(new byte[LogBounds.LIMIT_BYTES + 1]);
      // It is cut first and the note of that written then.
      while (Files.size(log) > LogBounds.LIMIT_BYTES || Files.size(log) == 0) {
        Thread.onSpinWait();
      }
      qemu.write("last words\n".getBytes());
      assertTrue(Files.size(log) < 200);
      assertEquals(List.of("last words"), VmmLog.lastLines(log, 1));
    }
  }
}
