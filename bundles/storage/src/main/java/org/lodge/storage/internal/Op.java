package org.lodge.storage.internal;

/** The numbers of FUSE's requests to a storage guest ({@code enum fuse_opcode}). */
final class Op {
  static final int LOOKUP = 1;
  static final int FORGET = 2;
  static final int GETATTR = 3;
  static final int SETATTR = 4;
  static final int READLINK = 5;
  static final int SYMLINK = 6;
  static final int MKNOD = 8;
  static final int MKDIR = 9;
  static final int UNLINK = 10;
  static final int RMDIR = 11;
  static final int LINK = 13;
  static final int OPEN = 14;
  static final int READ = 15;
  static final int WRITE = 16;
  static final int STATFS = 17;
  static final int RELEASE = 18;
  static final int FSYNC = 20;
  static final int SETXATTR = 21;
  static final int GETXATTR = 22;
  static final int LISTXATTR = 23;
  static final int REMOVEXATTR = 24;
  static final int OPENDIR = 27;
  static final int READDIR = 28;
  static final int RELEASEDIR = 29;
  static final int FSYNCDIR = 30;
  static final int CREATE = 35;
  static final int FALLOCATE = 43;
  static final int READDIRPLUS = 44;
  static final int RENAME2 = 45;
  static final int LSEEK = 46;
  static final int COPY_FILE_RANGE = 47;
  static final int SYNCFS = 50;
  static final int TMPFILE = 51;

  /** Our own, as {@code fuse.h} of the agent has them: data in the lane. */
  static final int LANE_PROBE = 8192;

  static final int LANE_READ = 8193;
  static final int LANE_WRITE = 8194;

  /** In place of a handle, for a listing: {@code SHARE_NO_HANDLE} of the agent. */
  static final long NO_HANDLE = 0;

  /** Of a handle that we choose: {@code SHARE_HANDLE_CHOSEN} of the agent. */
  static final long CHOSEN = 1L << 62;

  /** What a handle of the guest's own may be. */
  static final long HANDLE = CHOSEN - 1;

  /** Of SETATTR: mode, owners, size, times, and that privileges go. */
  static final int SETATTR_FIELDS = 1 | 2 | 4 | 8 | 16 | 32 | 128 | 256 | 2048;

  private Op() {}
}
