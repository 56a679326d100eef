package org.lodge.device.fs.internal;

/** The requests of FUSE 7.45 ({@code enum fuse_opcode}), and the least that each must carry. */
enum Opcode {
  LOOKUP(1, 1),
  FORGET(2, 8),
  GETATTR(3, 16),
  SETATTR(4, 88),
  READLINK(5, 0),
  SYMLINK(6, 2),
  MKNOD(8, 16 + 1),
  MKDIR(9, 8 + 1),
  UNLINK(10, 1),
  RMDIR(11, 1),
  RENAME(12, 8 + 2),
  LINK(13, 8 + 1),
  OPEN(14, 8),
  READ(15, 40),
  WRITE(16, 40),
  STATFS(17, 0),
  RELEASE(18, 24),
  FSYNC(20, 16),
  SETXATTR(21, 8 + 1),
  GETXATTR(22, 8 + 1),
  LISTXATTR(23, 8),
  REMOVEXATTR(24, 1),
  FLUSH(25, 24),
  INIT(26, 16),
  OPENDIR(27, 8),
  READDIR(28, 40),
  RELEASEDIR(29, 24),
  FSYNCDIR(30, 16),
  GETLK(31, 48),
  SETLK(32, 48),
  SETLKW(33, 48),
  ACCESS(34, 8),
  CREATE(35, 16 + 1),
  INTERRUPT(36, 8),
  BMAP(37, 16),
  DESTROY(38, 0),
  IOCTL(39, 32),
  POLL(40, 24),
  NOTIFY_REPLY(41, 0),
  BATCH_FORGET(42, 8),
  FALLOCATE(43, 32),
  READDIRPLUS(44, 40),
  RENAME2(45, 16 + 2),
  LSEEK(46, 24),
  COPY_FILE_RANGE(47, 56),
  SETUPMAPPING(48, 40),
  REMOVEMAPPING(49, 4),
  SYNCFS(50, 8),
  TMPFILE(51, 16),
  STATX(52, 24),
  COPY_FILE_RANGE_64(53, 56),
  /** Whatever else a driver may send. */
  UNKNOWN(0, 0);

  private static final Opcode[] BY_NUMBER = new Opcode[64];

  static {
    for (Opcode each : values()) {
      BY_NUMBER[each.number] = each;
    }
  }

  final int number;

  /** What follows the header at least, in bytes. */
  final int leastBytes;

  Opcode(int number, int leastBytes) {
    this.number = number;
    this.leastBytes = leastBytes;
  }

  static Opcode of(int untrustedNumber) {
    Opcode found =
        untrustedNumber >= 0 && untrustedNumber < BY_NUMBER.length
            ? BY_NUMBER[untrustedNumber]
            : null;
    return found == null ? UNKNOWN : found;
  }

  /** Whether the driver expects nothing back. */
  boolean isSilent() {
    return this == FORGET || this == BATCH_FORGET;
  }

  /** Whether Lodge answers it by itself, whoever keeps the files. */
  boolean isLocal() {
    return switch (this) {
      case FLUSH, GETLK, SETLK, SETLKW, INTERRUPT, IOCTL -> true;
      default -> false;
    };
  }

  /** Whether it surely takes long, whatever the file system. */
  boolean isSlow() {
    return switch (this) {
      case FSYNC, FSYNCDIR, SYNCFS, FALLOCATE, COPY_FILE_RANGE, COPY_FILE_RANGE_64 -> true;
      default -> false;
    };
  }
}
