package org.lodge.storage.internal;

import java.util.function.LongConsumer;
import org.lodge.filesystem.Attributes;

/**
 * What directories and files have become, as answers to changes of names or attributes and to
 * writes told. A guest's kernel asks for that after each, and is answered from here: once less to
 * the storage guest for each file that is made, written or removed. A change of this share that
 * begins ends what is known, and one that others overlap tells nothing, as their answers may come
 * in any order. Thread-safe.
 */
final class ToldAttributes {
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
  private final LongConsumer changed;

  /**
   * @param changed is told of each node whose change is over
   */
  ToldAttributes(LongConsumer changed) {
    this.changed = changed;
    for (int i = 0; i < SLOTS; i++) {
      slots[i] = new Slot();
    }
  }

  private Slot slot(long node) {
    return slots[(int) ((node ^ node >>> 16) & SLOTS - 1)];
  }

  /**
   * Something changes in a directory or file from now on, until {@link #end}.
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
    endOfReading(node);
    changed.accept(node);
  }

  /** As {@link #end}, where nothing but the time of access has changed. */
  void endOfReading(long node) {
    Slot slot = slot(node);
    synchronized (slot) {
      slot.underWay--;
    }
  }

  /** A node has changed of which no answer tells more. */
  void changes(long node) {
    begin(node);
    end(node);
  }

  /** The answer to the change that {@link #begin} gave that number, as far as it tells. */
  void told(long node, long begun, boolean directory, Exchange exchange) {
    told(node, begun, exchange.attributesAt(), directory, exchange);
  }

  /** As {@link #told}, where it is the change of a file's attributes that is answered by them. */
  void changed(long node, long begun, Exchange exchange) {
    told(node, begun, Replies.ATTR_OUT_ATTRIBUTES, false, exchange);
  }

  private void told(long node, long begun, int at, boolean directory, Exchange exchange) {
    Slot slot = slot(node);
    synchronized (slot) {
      if (at >= 0 && slot.begun == begun && slot.underWay == 1) {
        slot.known = Replies.attributes(exchange, at, slot.attributes);
        slot.known &= directory ? slot.attributes.isDirectory() : slot.attributes.isRegularFile();
        slot.node = node;
        slot.epoch = exchange.link().epoch;
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

  /** One of them has a name less; nobody says which. */
  void forgetFiles() {
    for (Slot slot : slots) {
      synchronized (slot) {
        if (!slot.attributes.isDirectory()) {
          slot.known = false;
          slot.begun++;
        }
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
