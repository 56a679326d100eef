package org.lodge.filesystem.internal;

import org.lodge.filesystem.FileLock;

/** A lock that somebody holds or wants. Guarded by its table. */
final class HeldLock {
  final LockTable.Session session;
  final boolean wholeFile;
  final long owner;
  final long handle;
  final int pid;
  final int type;
  final long first;
  final long last;

  private HeldLock(HeldLock from, long first, long last) {
    session = from.session;
    wholeFile = from.wholeFile;
    owner = from.owner;
    handle = from.handle;
    pid = from.pid;
    type = from.type;
    this.first = first;
    this.last = last;
  }

  private HeldLock(LockTable.Session session, FileLock from) {
    this.session = session;
    wholeFile = from.wholeFile;
    owner = from.owner;
    handle = from.handle;
    pid = from.pid;
    type = from.type;
    first = wholeFile ? 0 : from.first;
    last = wholeFile ? Long.MAX_VALUE : from.last;
  }

  static HeldLock of(LockTable.Session session, FileLock from) {
    return new HeldLock(session, from);
  }

  HeldLock over(long first, long last) {
    return new HeldLock(this, first, last);
  }

  boolean isOwnedAs(HeldLock other) {
    return session == other.session && owner == other.owner;
  }

  boolean overlaps(HeldLock other) {
    return first <= other.last && other.first <= last;
  }

  /** Whether no byte lies between them. */
  boolean touches(HeldLock other) {
    return overlaps(other) || first - 1 == other.last || last + 1 == other.first;
  }

  boolean isInTheWayOf(HeldLock other) {
    boolean exclusive = type == FileLock.WRITE || other.type == FileLock.WRITE;
    return exclusive && overlaps(other) && !isOwnedAs(other);
  }
}
