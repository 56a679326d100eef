package org.lodge.filesystem.internal;

import java.util.Arrays;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Ledger;
import org.lodge.linux.FileFd;

/**
 * The open files of one guest. A handle is its slot plus one, with a count above that tells it from
 * earlier ones of the same slot; the ledger has them too. Thread-safe.
 */
final class Handles implements AutoCloseable {
  private final int budget;
  private final Ledger ledger;
  private Handle[] slots = new Handle[16];
  private int[] counts = new int[16];
  private int[] free = new int[16];
  private int freeCount;
  private int used;
  private int open;
  private boolean closed;

  Handles(int budget, Ledger ledger) {
    this.budget = budget;
    this.ledger = ledger;
    ledger.forEachOpen(this::restore);
    for (int slot = 0; slot < used; slot++) {
      if (slots[slot] == null) {
        free[freeCount++] = slot;
      }
    }
  }

  private void restore(int cell) {
    long number = ledger.handle(cell);
    int slot = (int) number - 1;
    if (slot < 0 || slot >= budget || ledger.parent(cell) == 0) {
      ledger.remove(cell);
      return;
    }
    reach(slot);
    used = Math.max(used, slot + 1);
    boolean directory = ledger.type(cell) == Attributes.DIRECTORY;
    slots[slot] = new Handle(cell, ledger.parent(cell), ledger.openFlags(cell), directory, null);
    counts[slot] = (int) (number >>> 32);
    open++;
  }

  private void reach(int slot) {
    if (slot >= slots.length) {
      int length = Math.max(2 * slots.length, Integer.highestOneBit(slot) * 2);
      slots = Arrays.copyOf(slots, length);
      counts = Arrays.copyOf(counts, length);
      free = Arrays.copyOf(free, length);
    }
  }

  /** Its number, or 0 where there are too many; the file is closed then. */
  synchronized long add(FileFd fd, long node, int flags, boolean directory) {
    if (closed || open >= budget) {
      fd.close();
      return 0;
    }
    int slot = freeCount > 0 ? free[--freeCount] : used++;
    reach(slot);
    long number = (long) counts[slot] << 32 | slot + 1;
    int cell = ledger.addOpen(number, node, flags, directory);
    slots[slot] = new Handle(cell, node, flags, directory, fd);
    open++;
    return number;
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
      if (handle.cell != Ledger.NONE) {
        ledger.remove(handle.cell);
      }
    }
    closeFile(handle);
  }

  private static void closeFile(Handle handle) {
    synchronized (handle) {
      if (handle.fd != null) {
        handle.fd.close();
      }
    }
  }

  /** Closes all of them. */
  void reset() {
    Handle[] all;
    synchronized (this) {
      all = Arrays.copyOf(slots, used);
    }
    for (int slot = 0; slot < all.length; slot++) {
      if (all[slot] != null) {
        remove(number(slot), all[slot].directory);
      }
    }
  }

  private synchronized long number(int slot) {
    return (long) counts[slot] << 32 | slot + 1;
  }

  synchronized int open() {
    return open;
  }

  @Override
  public synchronized void close() {
    closed = true;
    for (int slot = 0; slot < used; slot++) {
      if (slots[slot] != null) {
        closeFile(slots[slot]);
      }
    }
  }
}
