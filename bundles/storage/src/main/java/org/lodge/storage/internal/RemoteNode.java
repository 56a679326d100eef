package org.lodge.storage.internal;

/** A file of a storage guest that the client guest knows. {@link RemoteNodes} guards it. */
final class RemoteNode {
  final long id;

  /** What the guest calls it on the connection of that epoch. */
  long remote;

  int epoch;

  /** How often the storage guest has counted it on that connection. */
  long remoteUses;

  /** By which it is found again where the connection is another. */
  RemoteNode parent;

  byte[] name;
  final long device;
  final long inode;
  final int type;
  long uses;

  /** Has writes that no sync has confirmed. */
  boolean dirty;

  /** Such writes may be lost: the guest was booted again. */
  boolean lost;

  RemoteNode(long id, long device, long inode, int type) {
    this.id = id;
    this.device = device;
    this.inode = inode;
    this.type = type;
  }
}
