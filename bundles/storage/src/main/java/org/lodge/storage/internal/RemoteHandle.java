package org.lodge.storage.internal;

/** A file that the client guest has open in a storage guest. */
final class RemoteHandle {
  /** In the ledger; {@link org.lodge.filesystem.Ledger#NONE} where that had no room. */
  final int cell;

  final long node;
  final int flags;
  final boolean directory;

  /** What the guest calls it on the connection of that epoch. Guarded by this. */
  long remote;

  int epoch;

  /** How often it was read without being open there. Guarded by this. */
  int readClosed;

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
  RemoteHandle(int cell, long node, int flags, boolean directory, long remote, int epoch) {
    this.cell = cell;
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
