package org.lodge.filesystem.internal;

import org.lodge.linux.FileFd;

/** An open file or directory. */
final class Handle {
  /** In the ledger; {@link org.lodge.filesystem.Ledger#NONE} where that had no room. */
  final int cell;

  final long node;

  /** With which it was opened. */
  final int flags;

  final boolean directory;

  /** Null after a death of Lodge, until it is opened again. Set once, guarded by this. */
  volatile FileFd fd;

  /** Of a directory: the offset that the next entry read has. Guarded by this. */
  long position;

  Handle(int cell, long node, int flags, boolean directory, FileFd fd) {
    this.cell = cell;
    this.node = node;
    this.flags = flags;
    this.directory = directory;
    this.fd = fd;
  }
}
