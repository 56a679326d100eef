package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.TreeCalls;

/**
 * A file of any kind, held but not opened ({@code O_PATH}), and what can be done to it or under it
 * without ever following a name: names are one component long, and {@code openat2(2)} resolves them
 * beneath this descriptor, with neither symbolic nor magic links. So a tree that others change
 * meanwhile can't lead anywhere else.
 *
 * <p>Calls return 0 or more, or a negated error number, because whoever asks may provoke as many
 * errors as he likes. Names and values are addresses of NUL-terminated bytes in native memory.
 * Thread-safe; each thread brings its own {@link TreeScratch}.
 */
public final class InodeFd extends Fd {
  private static final MemorySegment EMPTY = Arena.global().allocate(1);
  private static final int HOLD = TreeCalls.O_PATH | TreeCalls.O_NOFOLLOW | TreeCalls.O_CLOEXEC;
  private static final int STATX_BASIC_AND_BIRTH = 0xfff;
  private static final int EBADF = -LinuxException.EBADF;

  private InodeFd(int number) {
    super(number);
  }

  /** Takes ownership of what {@link #lookup} or {@link #reopen} gave. */
  public static InodeFd of(int number) {
    return new InodeFd(number);
  }

  /** Holds a directory by its path, in which links are followed: a person has written it. */
  public static InodeFd directory(Path path) throws LinuxException {
    TreeScratch scratch = new TreeScratch();
    try (Arena arena = Arena.ofConfined()) {
      int number =
          TreeCalls.open(
              scratch.capture(),
              arena.allocateFrom(path.toString()).address(),
              TreeCalls.O_PATH | TreeCalls.O_DIRECTORY | TreeCalls.O_CLOEXEC);
      if (number < 0) {
        throw LibC.failure("open " + path, -number);
      }
      return new InodeFd(number);
    }
  }

  /** Looks up one name; the number of a descriptor for {@link #of}. */
  public int lookup(TreeScratch scratch, long name) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      return (int) TreeCalls.openat2(scratch.capture(), raw(), name, scratch.beneath(HOLD, 0));
    } finally {
      leave();
    }
  }

  /** Reads the status into the scratch. */
  public int stat(TreeScratch scratch) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      return TreeCalls.statx(
          scratch.capture(),
          raw(),
          EMPTY.address(),
          TreeCalls.AT_EMPTY_PATH | TreeCalls.AT_SYMLINK_NOFOLLOW,
          STATX_BASIC_AND_BIRTH,
          scratch.statx());
    } finally {
      leave();
    }
  }

  /**
   * Opens the file itself. The caller must know that it is a regular file or a directory: opening
   * anything else does things to the host.
   *
   * @return the number of a descriptor for {@link FileFd#of}
   */
  public int open(TreeScratch scratch, int flags) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      return TreeCalls.open(
          scratch.capture(),
          scratch.procPath(raw()),
          flags & ~TreeCalls.O_NOFOLLOW | TreeCalls.O_CLOEXEC | TreeCalls.O_NONBLOCK);
    } finally {
      leave();
    }
  }

  /**
   * Creates or opens a name in this directory as a regular file would be; the caller checks what it
   * got.
   *
   * @return the number of a descriptor for {@link FileFd#of}
   */
  public int create(TreeScratch scratch, long name, int flags, int mode) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      int all = flags | TreeCalls.O_NOFOLLOW | TreeCalls.O_CLOEXEC | TreeCalls.O_NONBLOCK;
      return (int)
          TreeCalls.openat2(scratch.capture(), raw(), name, scratch.beneath(all, mode & 07777));
    } finally {
      leave();
    }
  }

  public int makeNode(TreeScratch scratch, long name, int mode, int device) {
    return tryEnter()
        ? leaving(TreeCalls.mknodat(scratch.capture(), raw(), name, mode, device))
        : EBADF;
  }

  public int makeDirectory(TreeScratch scratch, long name, int mode) {
    return tryEnter() ? leaving(TreeCalls.mkdirat(scratch.capture(), raw(), name, mode)) : EBADF;
  }

  public int symlink(TreeScratch scratch, long target, long name) {
    return tryEnter()
        ? leaving(TreeCalls.symlinkat(scratch.capture(), target, raw(), name))
        : EBADF;
  }

  public int unlink(TreeScratch scratch, long name, boolean directory) {
    return tryEnter()
        ? leaving(
            TreeCalls.unlinkat(
                scratch.capture(), raw(), name, directory ? TreeCalls.AT_REMOVEDIR : 0))
        : EBADF;
  }

  /** Gives this file one more name. */
  public int link(TreeScratch scratch, InodeFd directory, long name) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      return directory.tryEnter()
          ? directory.leaving(
              TreeCalls.linkat(
                  scratch.capture(),
                  TreeCalls.AT_FDCWD,
                  scratch.procPath(raw()),
                  directory.raw(),
                  name,
                  TreeCalls.AT_SYMLINK_FOLLOW))
          : EBADF;
    } finally {
      leave();
    }
  }

  /**
   * @param flags of {@code renameat2(2)}
   */
  public int rename(TreeScratch scratch, long name, InodeFd to, long toName, int flags) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      return to.tryEnter()
          ? to.leaving(TreeCalls.renameat2(scratch.capture(), raw(), name, to.raw(), toName, flags))
          : EBADF;
    } finally {
      leave();
    }
  }

  /** The bytes of a symbolic link's target, without a NUL. */
  public int readLink(TreeScratch scratch, long buffer, int sizeBytes) {
    return tryEnter()
        ? leaving(
            (int)
                TreeCalls.readlinkat(scratch.capture(), raw(), EMPTY.address(), buffer, sizeBytes))
        : EBADF;
  }

  public int chmod(TreeScratch scratch, int mode) {
    return tryEnter()
        ? leaving(TreeCalls.chmod(scratch.capture(), scratch.procPath(raw()), mode))
        : EBADF;
  }

  /**
   * @param uid -1 to leave it
   * @param gid -1 to leave it
   */
  public int chown(TreeScratch scratch, int uid, int gid) {
    return tryEnter()
        ? leaving(
            TreeCalls.fchownat(
                scratch.capture(),
                raw(),
                EMPTY.address(),
                uid,
                gid,
                TreeCalls.AT_EMPTY_PATH | TreeCalls.AT_SYMLINK_NOFOLLOW))
        : EBADF;
  }

  public int truncate(TreeScratch scratch, long sizeBytes) {
    return tryEnter()
        ? leaving(TreeCalls.truncate(scratch.capture(), scratch.procPath(raw()), sizeBytes))
        : EBADF;
  }

  /**
   * Sets times; nanoseconds may be the {@code UTIME_NOW} and {@code UTIME_OMIT} of {@code
   * utimensat(2)}.
   */
  public int setTimes(
      TreeScratch scratch,
      long accessSeconds,
      long accessNanos,
      long modifySeconds,
      long modifyNanos) {
    if (!tryEnter()) {
      return EBADF;
    }
    MemorySegment times = scratch.pair();
    times.set(ValueLayout.JAVA_LONG, 0, accessSeconds);
    times.set(ValueLayout.JAVA_LONG, 8, accessNanos);
    times.set(ValueLayout.JAVA_LONG, 16, modifySeconds);
    times.set(ValueLayout.JAVA_LONG, 24, modifyNanos);
    return leaving(
        TreeCalls.utimensat(
            scratch.capture(),
            raw(),
            EMPTY.address(),
            times.address(),
            TreeCalls.AT_EMPTY_PATH | TreeCalls.AT_SYMLINK_NOFOLLOW));
  }

  /** Fills a {@code struct statfs} of 120 bytes. */
  public int statFileSystem(TreeScratch scratch, long buffer) {
    return tryEnter() ? leaving(TreeCalls.fstatfs(scratch.capture(), raw(), buffer)) : EBADF;
  }

  /** Not for symbolic links. */
  public int getXattr(TreeScratch scratch, long name, long value, int sizeBytes) {
    return tryEnter()
        ? leaving(
            (int)
                TreeCalls.getxattr(
                    scratch.capture(), scratch.procPath(raw()), name, value, sizeBytes))
        : EBADF;
  }

  public int listXattrs(TreeScratch scratch, long list, int sizeBytes) {
    return tryEnter()
        ? leaving(
            (int) TreeCalls.listxattr(scratch.capture(), scratch.procPath(raw()), list, sizeBytes))
        : EBADF;
  }

  public int setXattr(TreeScratch scratch, long name, long value, int sizeBytes, int flags) {
    return tryEnter()
        ? leaving(
            TreeCalls.setxattr(
                scratch.capture(), scratch.procPath(raw()), name, value, sizeBytes, flags))
        : EBADF;
  }

  public int removeXattr(TreeScratch scratch, long name) {
    return tryEnter()
        ? leaving(TreeCalls.removexattr(scratch.capture(), scratch.procPath(raw()), name))
        : EBADF;
  }

  /**
   * Writes the file's handle ({@code struct file_handle}), by which it is found again although no
   * descriptor holds it.
   *
   * @param handle whose first word says how many bytes its value may have
   */
  public int handle(TreeScratch scratch, long handle) {
    return tryEnter()
        ? leaving(
            TreeCalls.nameToHandleAt(
                scratch.capture(),
                raw(),
                EMPTY.address(),
                handle,
                scratch.pair().address(),
                TreeCalls.AT_EMPTY_PATH))
        : EBADF;
  }

  /** Holds a file of this one's file system by its handle; the number is for {@link #of}. */
  public int reopen(TreeScratch scratch, long handle) {
    if (!tryEnter()) {
      return EBADF;
    }
    try {
      // The call wants a descriptor that is open; O_PATH ones are refused.
      int mount =
          TreeCalls.open(
              scratch.capture(),
              scratch.procPath(raw()),
              TreeCalls.O_RDONLY | TreeCalls.O_DIRECTORY | TreeCalls.O_CLOEXEC);
      if (mount < 0) {
        return mount;
      }
      int number = TreeCalls.openByHandleAt(scratch.capture(), mount, handle, HOLD);
      LibC.close(mount);
      return number;
    } finally {
      leave();
    }
  }

  private int leaving(int result) {
    leave();
    return result;
  }
}
