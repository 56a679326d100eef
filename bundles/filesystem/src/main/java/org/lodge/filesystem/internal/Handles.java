package org.lodge.filesystem.internal;

import java.util.Arrays;

/**
 * The open files of one guest. A handle is its slot plus one, with a count above that tells it from
 * earlier ones of the same slot. Thread-safe.
 */
final class Handles implements AutoCloseable {
  private final int budget;
  private Handle[] slots = new Handle[16];
  private int[] counts = new int[16];
  private int[] free = new int[16];
  private int freeCount;
  private int used;
  private int open;
  private boolean closed;

  Handles(int budget) {
    this.budget = budget;
  }

  /** Its number, or 0 where there are too many; the file is closed then. */
  synchronized long add(Handle handle) {
    if (closed || open >= budget) {
      handle.fd.close();
      return 0;
    }
    int slot = freeCount > 0 ? free[--freeCount] : used++;
    if (slot == slots.length) {
      slots = Arrays.copyOf(slots, 2 * slot);
      counts = Arrays.copyOf(counts, 2 * slot);
      free = Arrays.copyOf(free, 2 * slot);
    }
    slots[slot] = handle;
    open++;
    return (long) counts[slot] << 32 | slot + 1;
  }

  /** The file, or null where the number means none. */
  synchronized Handle get(long number, boolean directory) {
    int slot = (int) number - 1;
    if (slot < 0 || slot >= used || counts[slot] != (int) (number >>> 32)) {
      return null;
    }
    Handle handle = slots[slot];
    return handle != null && handle.directory == directory ? handle : null;
  }

  void remove(long number, boolean directory) {
    Handle handle;
    synchronized (this) {
      handle = get(number, directory);
      if (handle == null) {
        return;
      }
      int slot = (int) number - 1;
      slots[slot] = null;
      counts[slot]++;
      free[freeCount++] = slot;
      open--;
    }
    handle.fd.close();
  }

  synchronized int open() {
    return open;
  }

  /** Closes all. */
  synchronized void reset() {
    for (int slot = 0; slot < used; slot++) {
      if (slots[slot] != null) {
        remove((long) counts[slot] << 32 | slot + 1, slots[slot].directory);
      }
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    reset();
  }
}
