package org.lodge.storage.internal;

/** A file that the client guest has open in a storage guest. */
final class RemoteHandle {
  private static final int O_ACCMODE = 3;

  /** In the ledger; {@link org.lodge.filesystem.Ledger#NONE} where that had no room. */
  final int cell;

  final long number;
  final long node;
  final int flags;
  final boolean directory;

  /** What the guest calls it on the connection of that epoch. Guarded by this. */
  long remote;

  int epoch;

  /** How often a directory was listed without being open there. Guarded by this. */
  int readClosed;

  /** Requests on it. Guarded by this. */
  private int underWay;

  /** Of a directory, as its listing has told; 0 where it has not. */
  volatile long inode;

  /** The files that were last listed of it before the client has asked for them; null for none. */
  volatile Listing files;

  /** Not this, which may be held until the guest has answered. */
  private final Object listing = new Object();

  /** Guarded by {@link #listing}. */
  private NamesAhead ahead;

  private volatile boolean released;

  /**
   * @param epoch 0 where it is open on no connection
   */
  RemoteHandle(
      int cell, long number, long node, int flags, boolean directory, long remote, int epoch) {
    this.cell = cell;
    this.number = number;
    this.node = node;
    this.flags = flags;
    this.directory = directory;
    this.remote = remote;
    this.epoch = epoch;
  }

  /** What its guest has listed already of what comes there, for one reader; null for nothing. */
  NamesAhead takeAhead(long offset) {
    synchronized (listing) {
      NamesAhead taken = ahead;
      ahead = null;
      if (taken != null) {
        taken.drop();
      }
      return taken != null && taken.isAt(offset) ? taken : null;
    }
  }

  void keepAhead(NamesAhead names) {
    synchronized (listing) {
      takeAhead(0);
      ahead = !released && names.keep() ? names : null;
    }
  }

  /** Whether it is open for nothing but to be read. */
  boolean isRead() {
    return !directory && (flags & O_ACCMODE) == 0;
  }

  /** Begins a request on it, until {@link #leave}; false where the client has closed it. */
  synchronized boolean enter() {
    underWay += released ? 0 : 1;
    return !released;
  }

  /** Whether it is to be closed now: the client has closed it, and no request is under way. */
  synchronized boolean leave() {
    return --underWay == 0 && released;
  }

  /** Whether no request on it is under way. */
  synchronized boolean isIdle() {
    return underWay == 0;
  }

  /** Whether the client has closed it, though some of its requests may go on. */
  boolean isReleased() {
    return released;
  }

  /** Nothing is kept of it from now on, whoever still reads it. */
  void release() {
    synchronized (listing) {
      released = true;
      takeAhead(0);
    }
  }
}
