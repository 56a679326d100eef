package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.util.TreeMap;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.HandleConnection;

/**
 * A pool of a client, and the pool that stands for it at the compositor. That one is not its
 * mirror: it has a place for each buffer that lives, so a terminal that declares 512 MiB takes what
 * its buffers take.
 *
 * <p>Guarded by the lock of its connection.
 */
final class ShmPool {
  private static final int PAGE_BYTES = 4096;
  private static final int SECTOR_BYTES = HandleConnection.SECTOR_BYTES;
  private static final long FIRST_MOST_BYTES = 16 << 20;

  /** Sizes are {@code int} in wl_shm. */
  private static final long MOST_BYTES = Integer.MAX_VALUE - PAGE_BYTES;

  final FileHandle clientFile;
  final FileHandle compositorFile;
  private final TreeMap<Long, Long> free = new TreeMap<>();
  private long sizeBytes;
  private long used;
  private long mostUsed;
  private long compositorBytes;
  private int users = 1;

  /**
   * @param sizeBytes as the client says, at least 1
   */
  ShmPool(FileHandle clientFile, int sizeBytes, HandleConnection compositor) throws IOException {
    this.clientFile = clientFile;
    this.sizeBytes = sizeBytes;
    compositorBytes = wholePages(Math.min(sizeBytes, FIRST_MOST_BYTES));
    compositorFile = compositor.makeFile(compositorBytes, false);
  }

  /** As the client says; its file may be shorter. */
  long sizeBytes() {
    return sizeBytes;
  }

  void resize(int largerBytes) {
    sizeBytes = largerBytes;
  }

  long compositorBytes() {
    return compositorBytes;
  }

  /**
   * Finds a place for a buffer: whole sectors of its own, in which it begins as in those of the
   * client's, so that it can go by lanes.
   *
   * @return its offset in the compositor's pool, or -1 where that would become too large
   */
  long allocate(long clientOffset, long bytes) {
    long within = clientOffset % SECTOR_BYTES;
    long place = place(wholeSectors(within + bytes));
    return place < 0 ? -1 : place + within;
  }

  private long place(long wanted) {
    for (var range : free.entrySet()) {
      if (range.getValue() >= wanted) {
        long offset = range.getKey();
        long rest = range.getValue() - wanted;
        free.remove(offset);
        if (rest > 0) {
          free.put(offset + wanted, rest);
        }
        return offset;
      }
    }
    if (used + wanted > MOST_BYTES) {
      return -1;
    }
    long offset = used;
    used += wanted;
    mostUsed = Math.max(mostUsed, used);
    return offset;
  }

  /**
   * How much of the compositor's file has had a place at any time. It keeps what was written there,
   * so this never falls.
   */
  long mostUsed() {
    return mostUsed;
  }

  /**
   * Makes the compositor's file large enough for what is allocated.
   *
   * @return whether it had to grow: the compositor must be told then
   */
  boolean grow() throws IOException {
    if (used <= compositorBytes) {
      return false;
    }
    compositorBytes = wholePages(Math.min(Math.max(used, compositorBytes * 2), MOST_BYTES));
    compositorFile.resize(compositorBytes);
    return true;
  }

  /** Gives a place back, as {@link #allocate} gave it. */
  void release(long compositorOffset, long bytes) {
    long within = compositorOffset % SECTOR_BYTES;
    long offset = compositorOffset - within;
    long length = wholeSectors(within + bytes);
    var before = free.floorEntry(offset);
    if (before != null && before.getKey() + before.getValue() == offset) {
      free.remove(before.getKey());
      offset = before.getKey();
      length += before.getValue();
    }
    Long after = free.remove(offset + length);
    if (after != null) {
      length += after;
    }
    if (offset + length == used) {
      used = offset;
    } else {
      free.put(offset, length);
    }
  }

  void use() {
    users++;
  }

  /**
   * The pool object, or a buffer of it, is gone.
   *
   * @return whether that was the last one, after which nothing can be added
   */
  boolean unuse() {
    return --users == 0;
  }

  void close() {
    clientFile.close();
    compositorFile.close();
  }

  private static long wholeSectors(long bytes) {
    return roundUp(bytes, SECTOR_BYTES);
  }

  private static long wholePages(long bytes) {
    return roundUp(bytes, PAGE_BYTES);
  }

  private static long roundUp(long bytes, int to) {
    return (bytes + to - 1) / to * to;
  }
}
