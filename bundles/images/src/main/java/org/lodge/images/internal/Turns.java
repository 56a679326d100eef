package org.lodge.images.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** One at a time, named by a lock file: among the threads of this Lodge, and among Lodges. */
final class Turns {

  private final Map<Path, ReentrantLock> locks = new ConcurrentHashMap<>();

  /** Ends the turn. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  /** Waits for its turn. The lock of a process that was killed is free. */
  Turn take(Path lockFile) throws IOException {
    ReentrantLock lock = locks.computeIfAbsent(lockFile, path -> new ReentrantLock());
    lock.lock();
    boolean taken = false;
    try {
      Files.createDirectories(lockFile.getParent());
      FileChannel channel =
          FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        channel.lock();
        taken = true;
      } finally {
        if (!taken) {
          channel.close();
        }
      }
      return () -> release(channel, lock);
    } finally {
      if (!taken) {
        lock.unlock();
      }
    }
  }

  private static void release(FileChannel channel, ReentrantLock lock) {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
  }
}
