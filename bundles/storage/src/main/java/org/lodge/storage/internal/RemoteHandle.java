package org.lodge.storage.internal;

/** A file that the client guest has open in a storage guest. */
final class RemoteHandle {
  final RemoteNode node;
  final int flags;
  final boolean directory;

  /** What the guest calls it on the connection of that epoch. Guarded by this. */
  long remote;

  int epoch;

  RemoteHandle(RemoteNode node, int flags, boolean directory, long remote, int epoch) {
    this.node = node;
    this.flags = flags;
    this.directory = directory;
    this.remote = remote;
    this.epoch = epoch;
  }
}
