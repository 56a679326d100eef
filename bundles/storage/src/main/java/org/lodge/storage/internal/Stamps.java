package org.lodge.storage.internal;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * When files were changed last, by their inodes; some share a stamp, so that one may seem changed
 * that was not. Thread-safe.
 */
final class Stamps {
  private static final int SIZE = 1024;
  private static final long LONG_AGO_NANOS = 3_600_000_000_000L;

  private final AtomicLongArray nanos = new AtomicLongArray(SIZE);

  Stamps() {
    touchAll(System.nanoTime() - LONG_AGO_NANOS);
  }

  private static int at(long inode) {
    return (int) ((inode ^ inode >>> 20) & SIZE - 1);
  }

  void touch(long inode) {
    nanos.set(at(inode), System.nanoTime());
  }

  void touchAll() {
    touchAll(System.nanoTime());
  }

  private void touchAll(long now) {
    for (int i = 0; i < SIZE; i++) {
      nanos.set(i, now);
    }
  }

  /** Whether it may have changed since, as {@link System#nanoTime} counts. */
  boolean isTouched(long inode, long sinceNanos) {
    return nanos.get(at(inode)) - sinceNanos >= 0;
  }
}
