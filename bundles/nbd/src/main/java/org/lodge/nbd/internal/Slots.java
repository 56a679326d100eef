package org.lodge.nbd.internal;

/** The requests on the wire. Guarded by its disk. */
final class Slots {
  private final Slot[] all;
  private final int[] free;
  private int freeCount;

  Slots(int most) {
    all = new Slot[most];
    free = new int[most];
    for (int i = 0; i < most; i++) {
      all[i] = new Slot(i);
      free[freeCount++] = most - 1 - i;
    }
  }

  boolean isFull() {
    return freeCount == 0;
  }

  int busy() {
    return all.length - freeCount;
  }

  int size() {
    return all.length;
  }

  Slot get(int index) {
    return all[index];
  }

  Slot take(int command, long offset, int bytes, long nowNanos) {
    Slot slot = all[free[--freeCount]];
    slot.busy = true;
    slot.generation++;
    slot.command = command;
    slot.io = null;
    slot.entry = -1;
    slot.offset = offset;
    slot.bytes = bytes;
    slot.sentNanos = nowNanos;
    slot.errno = 0;
    slot.coverage.clear();
    return slot;
  }

  void release(Slot slot) {
    slot.busy = false;
    slot.io = null;
    free[freeCount++] = slot.index;
  }

  /** The request that an answer is to; null where there is none. */
  Slot find(long untrustedCookie) {
    int index = (int) untrustedCookie;
    if (index < 0 || index >= all.length) {
      return null;
    }
    Slot slot = all[index];
    return slot.busy && slot.cookie() == untrustedCookie ? slot : null;
  }

  /** Whether something on the wire touches this range. */
  boolean touches(long offset, long bytes) {
    for (Slot slot : all) {
      if (slot.busy && slot.offset < offset + bytes && offset < slot.offset + slot.bytes) {
        return true;
      }
    }
    return false;
  }

  boolean anyOlderThan(long nanos, long nowNanos) {
    for (Slot slot : all) {
      if (slot.busy && nowNanos - slot.sentNanos > nanos) {
        return true;
      }
    }
    return false;
  }
}
