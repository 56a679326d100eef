package org.lodge.storage.internal;

import org.lodge.filesystem.Attributes;

/**
 * What directories have become, as answers to changes of their names told. A guest's kernel asks
 * for that after each change, and is answered from here: once less to the storage guest for each
 * file that is made or removed. A change of this share that begins ends what is known, and one that
 * others overlap tells nothing, as their answers may come in any order. Thread-safe.
 */
final class ToldDirectories {
  private static final int SLOTS = 256;

  private static final class Slot {
    long node;
    int epoch;
    boolean known;
    long askedNanos;
    int underWay;
    long begun;
    final Attributes attributes = new Attributes();
  }

  private final Slot[] slots = new Slot[SLOTS];

  ToldDirectories() {
    for (int i = 0; i < SLOTS; i++) {
      slots[i] = new Slot();
    }
  }

  private Slot slot(long node) {
    return slots[(int) ((node ^ node >>> 16) & SLOTS - 1)];
  }

  /**
   * Something changes in a directory from now on, until {@link #end}.
   *
   * @return a number for {@link #told}
   */
  long begin(long node) {
    Slot slot = slot(node);
    synchronized (slot) {
      slot.known = false;
      slot.underWay++;
      return ++slot.begun;
    }
  }

  void end(long node) {
    Slot slot = slot(node);
    synchronized (slot) {
      slot.underWay--;
    }
  }

  /** The answer to the change that {@link #begin} gave that number, as far as it tells. */
  void told(long node, long begun, Exchange exchange) {
    int at = exchange.directoryAt();
    Slot slot = slot(node);
    synchronized (slot) {
      if (at >= 0 && slot.begun == begun && slot.underWay == 1) {
        slot.known = Replies.attributes(exchange, at, slot.attributes);
        slot.known &= slot.attributes.isDirectory();
        slot.node = node;
        slot.epoch = exchange.epoch();
        slot.askedNanos = exchange.startedNanos();
      }
    }
  }

  /** Gives what is known and not older than that; false where nothing is. */
  boolean get(long node, int epoch, long ageNanosMax, Attributes into) {
    Slot slot = slot(node);
    synchronized (slot) {
      if (!slot.known || slot.node != node || slot.epoch != epoch) {
        return false;
      }
      long age = System.nanoTime() - slot.askedNanos;
      if (age > ageNanosMax) {
        return false;
      }
      into.take(slot.attributes);
      into.ageNanos = age;
      return true;
    }
  }

  /** Directories may have changed that nobody named. */
  void forgetAll() {
    for (Slot slot : slots) {
      synchronized (slot) {
        slot.known = false;
        slot.begun++;
      }
    }
  }

  /** Its number may go to another. */
  void forget(long node) {
    Slot slot = slot(node);
    synchronized (slot) {
      slot.known &= slot.node != node;
    }
  }
}
