package org.lodge.device.fs.internal;

import org.lodge.filesystem.Errno;

/** What the driver and we have agreed on by INIT. */
final class Negotiation {
  private final FsSettings settings;
  private volatile long flags;

  Negotiation(FsSettings settings) {
    this.settings = settings;
    // A driver that agreed with a Lodge that died does not ask again.
    flags = wanted();
  }

  private long wanted() {
    long always =
        Fuse.ASYNC_READ
            | Fuse.ATOMIC_O_TRUNC
            | Fuse.BIG_WRITES
            | Fuse.DO_READDIRPLUS
            | Fuse.READDIRPLUS_AUTO
            | Fuse.ASYNC_DIO
            | Fuse.PARALLEL_DIROPS
            | Fuse.ABORT_ERROR
            | Fuse.MAX_PAGES
            | Fuse.HANDLE_KILLPRIV_V2
            | Fuse.SETXATTR_EXT
            | Fuse.INIT_EXT;
    return always
        | (settings.sharesLocks() ? Fuse.POSIX_LOCKS | Fuse.FLOCK_LOCKS : 0)
        | (settings.acl() ? Fuse.POSIX_ACL | Fuse.DONT_MASK : 0)
        | switch (settings.caching()) {
          case NONE -> Fuse.DIRECT_IO_ALLOW_MMAP;
          case AUTO -> Fuse.AUTO_INVAL_DATA | Fuse.DIRECT_IO_ALLOW_MMAP;
          case ALWAYS ->
              Fuse.CACHE_SYMLINKS | (settings.rules().readOnly() ? 0 : Fuse.WRITEBACK_CACHE);
        };
  }

  /** Answers {@code struct fuse_init_in}; 0 or a negated error. */
  int init(Arguments in, Reply out) {
    int untrustedMajor = in.getInt(0);
    int untrustedMinor = in.getInt(4);
    if (untrustedMajor > Fuse.MAJOR) {
      // The driver asks again in ours (fuse.h, "Protocol changelog").
      out.putInt(Fuse.MAJOR).putInt(Fuse.MINOR).zeroes(56);
      return 0;
    }
    if (untrustedMajor < Fuse.MAJOR || untrustedMinor < Fuse.MINOR_LEAST) {
      return -Errno.EPROTO;
    }
    long offered = Integer.toUnsignedLong(in.getInt(12));
    if ((offered & Fuse.INIT_EXT) != 0 && in.length() >= 20) {
      offered |= (long) in.getInt(16) << 32;
    }
    flags = offered & wanted();
    out.putInt(Fuse.MAJOR).putInt(Fuse.MINOR).putInt(in.getInt(8)).putInt((int) flags);
    out.putShort(0).putShort(0).putInt(Fuse.MAX_WRITE_BYTES).putInt(1);
    out.putShort(Fuse.MAX_WRITE_BYTES / Fuse.PAGE_BYTES).putShort(0);
    out.putInt((int) (flags >>> 32)).zeroes(28);
    return 0;
  }

  boolean has(long flag) {
    return (flags & flag) != 0;
  }

  long flags() {
    return flags;
  }

  /** Goes on with what an earlier device had agreed on. */
  void resume(long agreedFlags) {
    flags = agreedFlags;
  }
}
