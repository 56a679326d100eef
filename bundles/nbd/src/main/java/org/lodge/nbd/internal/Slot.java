package org.lodge.nbd.internal;

import org.lodge.blocks.BlockIo;

/** One request on the wire, reused. Guarded by its disk, but for what its reply's taker does. */
final class Slot {
  final int index;
  final Coverage coverage = new Coverage();
  boolean busy;

  /** Counts its uses, so that an answer to an earlier one is known as such. */
  int generation;

  int command;

  /** Whom to tell; null for a flush of our own, and for what is in the log. */
  BlockIo io;

  /** In the log of writes, or -1. */
  long entry;

  long offset;
  int bytes;

  /** Of a flush: what had been done when it was sent. */
  long stamp;

  long sentNanos;

  /** What the reply has said so far; 0 for no error. */
  int errno;

  Slot(int index) {
    this.index = index;
  }

  long cookie() {
    return (long) generation << 32 | index;
  }
}
