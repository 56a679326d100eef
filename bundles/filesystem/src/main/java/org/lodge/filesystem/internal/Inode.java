package org.lodge.filesystem.internal;

import org.lodge.linux.InodeFd;

/** A file that the guest has looked up. {@link Inodes} guards all of it but the finals. */
final class Inode {
  final long node;
  final long generation;
  final int device;
  final long number;

  /** Type bits of the mode; an inode never changes its type. */
  final int type;

  /** Null while only the handle knows it. */
  InodeFd fd;

  /** A {@code struct file_handle}, made when the descriptor first had to go. */
  byte[] handle;

  long uses;
  int pins;
  Inode next;

  Inode(long node, long generation, int device, long number, int type, InodeFd fd) {
    this.node = node;
    this.generation = generation;
    this.device = device;
    this.number = number;
    this.type = type;
    this.fd = fd;
  }
}
