package org.lodge.device.fs.internal;

/** The numbers of FUSE 7.45 beside its opcodes ({@code linux/fuse.h}), and of virtio-fs. */
final class Fuse {
  static final int MAJOR = 7;
  static final int MINOR = 45;

  /** The first with all that every later one has kept: INIT of 64 bytes, MAX_PAGES. */
  static final int MINOR_LEAST = 31;

  static final int IN_HEADER_BYTES = 40;
  static final int OUT_HEADER_BYTES = 16;
  static final int TAG_BYTES = 36;
  static final int CONFIG_BYTES = TAG_BYTES + 4;

  static final int MAX_WRITE_BYTES = 1 << 20;
  static final int PAGE_BYTES = 4096;
  static final int NAME_BYTES_MAX = 255;
  static final int PATH_BYTES_MAX = 4095;

  static final long ASYNC_READ = 1L << 0;
  static final long POSIX_LOCKS = 1L << 1;
  static final long ATOMIC_O_TRUNC = 1L << 3;
  static final long BIG_WRITES = 1L << 5;
  static final long DONT_MASK = 1L << 6;
  static final long FLOCK_LOCKS = 1L << 10;
  static final long AUTO_INVAL_DATA = 1L << 12;
  static final long DO_READDIRPLUS = 1L << 13;
  static final long READDIRPLUS_AUTO = 1L << 14;
  static final long ASYNC_DIO = 1L << 15;
  static final long WRITEBACK_CACHE = 1L << 16;
  static final long PARALLEL_DIROPS = 1L << 18;
  static final long POSIX_ACL = 1L << 20;
  static final long ABORT_ERROR = 1L << 21;
  static final long MAX_PAGES = 1L << 22;
  static final long CACHE_SYMLINKS = 1L << 23;
  static final long HANDLE_KILLPRIV_V2 = 1L << 28;
  static final long SETXATTR_EXT = 1L << 29;
  static final long INIT_EXT = 1L << 30;
  static final long DIRECT_IO_ALLOW_MMAP = 1L << 36;

  static final int FOPEN_DIRECT_IO = 1;
  static final int FOPEN_KEEP_CACHE = 1 << 1;
  static final int FOPEN_CACHE_DIR = 1 << 3;
  static final int FOPEN_NOFLUSH = 1 << 5;
  static final int FOPEN_PARALLEL_DIRECT_WRITES = 1 << 6;

  static final int GETATTR_FH = 1;
  static final int LK_FLOCK = 1;
  static final int RELEASE_FLOCK_UNLOCK = 2;
  static final int OPEN_KILL_SUIDGID = 1;
  static final int WRITE_KILL_SUIDGID = 4;
  static final int SETXATTR_ACL_KILL_SGID = 1;
  static final int FSYNC_FDATASYNC = 1;

  static final int FATTR_FH = 1 << 6;

  static final int O_ACCMODE = 3;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_TRUNC = 0x200;
  static final int O_APPEND = 0x400;

  private Fuse() {}
}
