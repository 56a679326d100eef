package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.linux.internal.TreeCalls;

/**
 * An open regular file or directory. Data go straight between it and the ranges of an {@link
 * IoVector}. Calls return 0 or more, or a negated error number. Thread-safe; each thread brings its
 * own {@link TreeScratch}.
 */
public final class FileFd extends Fd {
  private static final MemorySegment EMPTY = Arena.global().allocate(1);
  private static final int EBADF = -LinuxException.EBADF;

  private FileFd(int number) {
    super(number);
  }

  private FileFd(Fd source) {
    super(source);
  }

  /** Takes over a descriptor, which should be a file's. */
  public static FileFd adopt(Fd source) {
    return new FileFd(source);
  }

  /** Takes ownership of what {@link InodeFd#open} or {@link InodeFd#create} gave. */
  public static FileFd of(int number) {
    return new FileFd(number);
  }

  /** The number of a descriptor, for {@link InodeFd#of}, that holds the same file. */
  public int hold(TreeScratch scratch) {
    return tryEnter()
        ? leaving(
            TreeCalls.open(
                scratch.capture(), scratch.procPath(raw()), TreeCalls.O_PATH | TreeCalls.O_CLOEXEC))
        : EBADF;
  }

  /** Reads the status into the scratch. */
  public int stat(TreeScratch scratch) {
    return tryEnter()
        ? leaving(
            TreeCalls.statx(
                scratch.capture(),
                raw(),
                EMPTY.address(),
                TreeCalls.AT_EMPTY_PATH,
                0xfff,
                scratch.statx()))
        : EBADF;
  }

  /** Reads until the ranges are full or the file ends; the number of bytes read. */
  public long read(TreeScratch scratch, IoVector into, long offset) {
    return transfer(scratch, into, offset, false);
  }

  /** Writes the ranges; the number of bytes written, less than all only where space ends. */
  public long write(TreeScratch scratch, IoVector from, long offset) {
    return transfer(scratch, from, offset, true);
  }

  private long transfer(TreeScratch scratch, IoVector vector, long offset, boolean write) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      long total = 0;
      while (vector.sizeBytes() > 0) {
        long at = offset + total;
        long done =
            write
                ? TreeCalls.pwritev(scratch.capture(), raw(), vector.address(), vector.count(), at)
                : TreeCalls.preadv(scratch.capture(), raw(), vector.address(), vector.count(), at);
        if (done > 0) {
          vector.advance(done);
          total += done;
        } else if (done == 0 || total > 0) {
          return total;
        } else if (done != -LinuxException.EINTR) {
          return done;
        }
      }
      return total;
    } finally {
      leave();
    }
  }

  public int truncate(TreeScratch scratch, long sizeBytes) {
    return tryEnter() ? leaving(TreeCalls.ftruncate(scratch.capture(), raw(), sizeBytes)) : EBADF;
  }

  /**
   * Waits until all that was written is durable.
   *
   * @param dataOnly as {@code fdatasync(2)}
   */
  public int sync(TreeScratch scratch, boolean dataOnly) {
    return tryEnter()
        ? leaving(
            dataOnly
                ? TreeCalls.fdatasync(scratch.capture(), raw())
                : TreeCalls.fsync(scratch.capture(), raw()))
        : EBADF;
  }

  /** Waits until everything of the file's file system is durable. */
  public int syncFileSystem(TreeScratch scratch) {
    return tryEnter() ? leaving(TreeCalls.syncfs(scratch.capture(), raw())) : EBADF;
  }

  public int allocate(TreeScratch scratch, int mode, long offset, long sizeBytes) {
    return tryEnter()
        ? leaving(TreeCalls.fallocate(scratch.capture(), raw(), mode, offset, sizeBytes))
        : EBADF;
  }

  public long seek(TreeScratch scratch, long offset, int whence) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      return TreeCalls.lseek(scratch.capture(), raw(), offset, whence);
    } finally {
      leave();
    }
  }

  /** Copies within the kernel; the number of bytes copied. */
  public long copy(TreeScratch scratch, long offset, FileFd to, long toOffset, long sizeBytes) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      if (!to.tryEnter()) {
        return EBADF;
      }
      try {
        MemorySegment offsets = scratch.pair();
        offsets.set(ValueLayout.JAVA_LONG, 0, offset);
        offsets.set(ValueLayout.JAVA_LONG, 8, toOffset);
        return TreeCalls.copyFileRange(
            scratch.capture(),
            raw(),
            offsets.address(),
            to.raw(),
            offsets.address() + 8,
            sizeBytes,
            0);
      } finally {
        to.leave();
      }
    } finally {
      leave();
    }
  }

  /** Reads directory entries ({@code struct linux_dirent64}) from where the last call ended. */
  public int readEntries(TreeScratch scratch, long buffer, int sizeBytes) {
    return tryEnter()
        ? leaving((int) TreeCalls.getdents64(scratch.capture(), raw(), buffer, sizeBytes))
        : EBADF;
  }

  private int leaving(int result) {
    leave();
    return result;
  }
}
