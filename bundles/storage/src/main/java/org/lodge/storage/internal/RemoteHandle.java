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
}
