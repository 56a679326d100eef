package org.lodge.filesystem.internal;

import org.lodge.filesystem.FileLock;
import org.lodge.filesystem.Ledger;

/**
 * A lock that somebody holds or wants; one that is held lies in its session's ledger too. Guarded
 * by its table.
 */
final class HeldLock {
  final LockTable.Session session;
  final LockTable.Key file;
  final boolean wholeFile;
  final long owner;
  final long handle;
  final int pid;
  final int type;
  final long first;
  final long last;
  private int cell = Ledger.NONE;

  private HeldLock(HeldLock from, long first, long last) {
    session = from.session;
    file = from.file;
    wholeFile = from.wholeFile;
    owner = from.owner;
    handle = from.handle;
    pid = from.pid;
    type = from.type;
    this.first = first;
    this.last = last;
  }

  private HeldLock(LockTable.Session session, LockTable.Key file, FileLock from) {
    this.session = session;
    this.file = file;
    wholeFile = from.wholeFile;
    owner = from.owner;
    handle = from.handle;
    pid = from.pid;
    type = from.type;
    first = wholeFile ? 0 : from.first;
    last = wholeFile ? Long.MAX_VALUE : from.last;
  }

  static HeldLock of(LockTable.Session session, LockTable.Key file, FileLock from) {
    return new HeldLock(session, file, from);
  }

  /** One that an earlier process has left in the session's ledger. */
  static HeldLock left(LockTable.Session session, int cell) {
    Ledger ledger = session.ledger;
    LockTable.Key file = new LockTable.Key(ledger.lockDevice(cell), ledger.inode(cell));
    HeldLock lock = new HeldLock(session, file, ledger.lock(cell));
    lock.cell = cell;
    session.held++;
    return lock;
  }

  /** It is held from now on. */
  void begins() {
    session.held++;
    FileLock lock = new FileLock();
    lock.wholeFile = wholeFile;
    lock.owner = owner;
    lock.handle = handle;
    lock.pid = pid;
    lock.type = type;
    lock.first = first;
    lock.last = last;
    cell = session.ledger.addLock(file.device(), file.inode(), lock);
  }

  /** It is held no more; in the ledger of a session that is over it stays for the next process. */
  void ends() {
    session.held--;
    if (cell != Ledger.NONE && !session.closed) {
      session.ledger.removeLock(cell);
    }
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
