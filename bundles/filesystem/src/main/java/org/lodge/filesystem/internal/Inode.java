package org.lodge.filesystem.internal;

import org.lodge.linux.InodeFd;

/** A node that holds a descriptor. {@link Inodes} guards what is not final. */
final class Inode {
  final int cell;
  final long node;

  /** Type bits of the mode; an inode never changes its type. */
  final int type;

  final InodeFd fd;

  /** How many calls use it now. */
  int pins;

  /** The guest knows it no more, or knows it by another descriptor. */
  boolean orphaned;

  Inode(int cell, long node, int type, InodeFd fd) {
    this.cell = cell;
    this.node = node;
    this.type = type;
    this.fd = fd;
  }
}
