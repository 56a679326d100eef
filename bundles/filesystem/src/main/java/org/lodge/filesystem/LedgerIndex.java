package org.lodge.filesystem;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Finds nodes of a {@link Ledger} by a hash of whatever its user likes, outside the heap as the
 * ledger is. To be filled anew after a restore. One thread at a time.
 */
public final class LedgerIndex {
  /** How many a ledger can have, by number. */
  public static final int COUNT = 2;

  private final Ledger ledger;
  private final int index;
  private MemorySegment heads = heads(1024);
  private int mask = 1023;
  private int size;

  public LedgerIndex(Ledger ledger, int index) {
    this.ledger = ledger;
    this.index = index;
  }

  private static MemorySegment heads(int count) {
    return Arena.ofAuto().allocate(ValueLayout.JAVA_INT, count);
  }

  /** Spreads what differs in few bits. */
  public static int mix(long value) {
    return (int) (value * 0x9e37_79b9_7f4a_7c15L >>> 32);
  }

  /** The first that may be it, {@link Ledger#NONE} where there is none. */
  public int first(int hash) {
    return heads.getAtIndex(ValueLayout.JAVA_INT, hash & mask) - 1;
  }

  /** The next that may be it. */
  public int next(int cell) {
    return ledger.next(cell, index);
  }

  public void put(int cell, int hash) {
    if (size > mask) {
      grow();
    }
    ledger.setHash(cell, index, hash);
    push(cell, hash);
    size++;
  }

  private void push(int cell, int hash) {
    ledger.setNext(cell, index, first(hash));
    heads.setAtIndex(ValueLayout.JAVA_INT, hash & mask, cell + 1);
  }

  private void grow() {
    MemorySegment former = heads;
    int count = mask + 1;
    heads = heads(2 * count);
    mask = 2 * count - 1;
    for (int i = 0; i < count; i++) {
      int cell = former.getAtIndex(ValueLayout.JAVA_INT, i) - 1;
      while (cell != Ledger.NONE) {
        int next = ledger.next(cell, index);
        push(cell, ledger.hash(cell, index));
        cell = next;
      }
    }
  }

  /** Does nothing where it is not in it. */
  public void remove(int cell) {
    int hash = ledger.hash(cell, index);
    int before = Ledger.NONE;
    int at = first(hash);
    while (at != cell && at != Ledger.NONE) {
      before = at;
      at = next(at);
    }
    if (at == Ledger.NONE) {
      return;
    }
    if (before == Ledger.NONE) {
      heads.setAtIndex(ValueLayout.JAVA_INT, hash & mask, next(cell) + 1);
    } else {
      ledger.setNext(before, index, next(cell));
    }
    size--;
  }

  public void clear() {
    heads.fill((byte) 0);
    size = 0;
  }
}
