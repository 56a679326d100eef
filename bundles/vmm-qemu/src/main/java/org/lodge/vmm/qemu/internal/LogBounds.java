package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps each QEMU's log small: a guest can make its QEMU complain without end, and the run
 * directory is often in memory.
 */
final class LogBounds implements AutoCloseable {
  static final int LIMIT_BYTES = 1 << 20;
  private static final Logger LOG = LoggerFactory.getLogger(LogBounds.class);

  /** A QEMU that writes all the time is looked at this often and not more. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final WatchService changes;

  LogBounds() throws IOException {
    changes = FileSystems.getDefault().newWatchService();
    Thread.ofVirtual().name("vmm-log-bounds").start(this::watchAll);
  }

  /** Watches until the directory is gone. */
  void watch(Path runDirectory) throws IOException {
    runDirectory.register(changes, StandardWatchEventKinds.ENTRY_MODIFY);
  }

  private void watchAll() {
    try {
      while (true) {
        WatchKey changed = changes.take();
        changed.pollEvents();
        shorten(((Path) changed.watchable()).resolve(RunDirectory.LOG));
        Thread.sleep(PAUSE);
        changed.reset();
      }
    } catch (ClosedWatchServiceException | InterruptedException e) {
      LOG.trace("no more logs to watch", e);
    }
  }

  private static void shorten(Path log) {
    try {
      if (Files.isRegularFile(log, LinkOption.NOFOLLOW_LINKS) && Files.size(log) > LIMIT_BYTES) {
        byte[] kept =
            ("[lodge: more than " + LIMIT_BYTES + " bytes, the rest was dropped]\n")
                .getBytes(StandardCharsets.US_ASCII);
        Files.write(
            log,
            kept,
            StandardOpenOption.TRUNCATE_EXISTING,
            LinkOption.NOFOLLOW_LINKS,
            StandardOpenOption.WRITE);
      }
    } catch (IOException e) {
      LOG.warn("{} can't be kept short", log, e);
    }
  }

  @Override
  public void close() throws IOException {
    changes.close();
  }
}
