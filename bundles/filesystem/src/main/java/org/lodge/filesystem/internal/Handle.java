package org.lodge.filesystem.internal;

import org.lodge.linux.FileFd;

/** An open file or directory. */
final class Handle {
  final FileFd fd;
  final boolean directory;

  /** Of a directory: the offset that the next entry read has. Guarded by this. */
  long position;

  Handle(FileFd fd, boolean directory) {
    this.fd = fd;
    this.directory = directory;
  }
}
