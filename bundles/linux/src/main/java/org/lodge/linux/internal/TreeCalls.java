package org.lodge.linux.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The system calls of a tree of files, through the foreign function API: they are on the path of
 * every request of a shared directory. Numbers and addresses alike are {@code long}, which is how
 * the calling conventions of x86-64 and aarch64 pass them. Each returns its result or the negated
 * error number, and allocates nothing.
 */
public final class TreeCalls {
  public static final int OPENAT2 = 437;
  private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_ACCMODE = 3;
  public static final int O_NONBLOCK = 0x800;
  public static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;
  public static final int O_NOFOLLOW = ARM ? 0x8000 : 0x20000;
  public static final int O_CLOEXEC = 0x80000;
  public static final int O_PATH = 0x200000;

  public static final int RESOLVE_NO_MAGICLINKS = 2;
  public static final int RESOLVE_NO_SYMLINKS = 4;
  public static final int RESOLVE_BENEATH = 8;

  public static final int AT_SYMLINK_NOFOLLOW = 0x100;
  public static final int AT_REMOVEDIR = 0x200;
  public static final int AT_SYMLINK_FOLLOW = 0x400;
  public static final int AT_EMPTY_PATH = 0x1000;
  public static final int AT_FDCWD = -100;

  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle SYSCALL = longCall("syscall", 5, 1);
  private static final MethodHandle OPEN = intCall("open", 3, 2);
  private static final MethodHandle STATX = intCall("statx", 5, -1);
  private static final MethodHandle MKNODAT = intCall("mknodat", 4, -1);
  private static final MethodHandle MKDIRAT = intCall("mkdirat", 3, -1);
  private static final MethodHandle SYMLINKAT = intCall("symlinkat", 3, -1);
  private static final MethodHandle LINKAT = intCall("linkat", 5, -1);
  private static final MethodHandle UNLINKAT = intCall("unlinkat", 3, -1);
  private static final MethodHandle RENAMEAT2 = intCall("renameat2", 5, -1);
  private static final MethodHandle READLINKAT = longCall("readlinkat", 4, -1);
  private static final MethodHandle CHMOD = intCall("chmod", 2, -1);
  private static final MethodHandle FCHOWNAT = intCall("fchownat", 5, -1);
  private static final MethodHandle TRUNCATE = intCall("truncate", 2, -1);
  private static final MethodHandle FTRUNCATE = intCall("ftruncate", 2, -1);
  private static final MethodHandle UTIMENSAT = intCall("utimensat", 4, -1);
  private static final MethodHandle FSYNC = intCall("fsync", 1, -1);
  private static final MethodHandle FDATASYNC = intCall("fdatasync", 1, -1);
  private static final MethodHandle SYNCFS = intCall("syncfs", 1, -1);
  private static final MethodHandle FALLOCATE = intCall("fallocate", 4, -1);
  private static final MethodHandle COPY_FILE_RANGE = longCall("copy_file_range", 6, -1);
  private static final MethodHandle LSEEK = longCall("lseek", 3, -1);
  private static final MethodHandle GETDENTS64 = longCall("getdents64", 3, -1);
  private static final MethodHandle FSTATFS = intCall("fstatfs", 2, -1);
  private static final MethodHandle GETXATTR = longCall("getxattr", 4, -1);
  private static final MethodHandle LISTXATTR = longCall("listxattr", 3, -1);
  private static final MethodHandle SETXATTR = intCall("setxattr", 5, -1);
  private static final MethodHandle REMOVEXATTR = intCall("removexattr", 2, -1);
  private static final MethodHandle NAME_TO_HANDLE_AT = intCall("name_to_handle_at", 5, -1);
  private static final MethodHandle OPEN_BY_HANDLE_AT = intCall("open_by_handle_at", 3, -1);
  private static final MethodHandle PREADV = longCall("preadv", 4, -1);
  private static final MethodHandle PWRITEV = longCall("pwritev", 4, -1);

  private TreeCalls() {}

  private static MethodHandle intCall(String name, int arguments, int variadicFrom) {
    return call(name, ValueLayout.JAVA_INT, arguments, variadicFrom);
  }

  private static MethodHandle longCall(String name, int arguments, int variadicFrom) {
    return call(name, ValueLayout.JAVA_LONG, arguments, variadicFrom);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle call(
      String name, MemoryLayout result, int arguments, int variadicFrom) {
    Linker linker = Linker.nativeLinker();
    List<Linker.Option> options = new ArrayList<>();
    options.add(Linker.Option.captureCallState("errno"));
    if (variadicFrom >= 0) {
      options.add(Linker.Option.firstVariadicArg(variadicFrom));
    }
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(
            result,
            Collections.nCopies(arguments, ValueLayout.JAVA_LONG).toArray(MemoryLayout[]::new)),
        options.toArray(Linker.Option[]::new));
  }

  /** What a caller passes as {@code capture}: one per thread, for the error number. */
  public static StructLayout captureLayout() {
    return CAPTURE;
  }

  private static long orErrno(MemorySegment capture, long result) {
    return result < 0 ? -(int) ERRNO.get(capture, 0L) : result;
  }

  private static AssertionError impossible(Throwable e) {
    return new AssertionError("a system call through the foreign function API threw", e);
  }

  public static long openat2(MemorySegment capture, long directory, long name, long how) {
    try {
      return orErrno(
          capture, (long) SYSCALL.invokeExact(capture, (long) OPENAT2, directory, name, how, 24L));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int open(MemorySegment capture, long path, long flags) {
    try {
      return (int) orErrno(capture, (int) OPEN.invokeExact(capture, path, flags, 0L));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int statx(
      MemorySegment capture, long fd, long name, long flags, long mask, long buffer) {
    try {
      return (int)
          orErrno(capture, (int) STATX.invokeExact(capture, fd, name, flags, mask, buffer));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int mknodat(
      MemorySegment capture, long directory, long name, long mode, long device) {
    try {
      return (int)
          orErrno(capture, (int) MKNODAT.invokeExact(capture, directory, name, mode, device));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int mkdirat(MemorySegment capture, long directory, long name, long mode) {
    try {
      return (int) orErrno(capture, (int) MKDIRAT.invokeExact(capture, directory, name, mode));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int symlinkat(MemorySegment capture, long target, long directory, long name) {
    try {
      return (int) orErrno(capture, (int) SYMLINKAT.invokeExact(capture, target, directory, name));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int linkat(
      MemorySegment capture, long from, long fromName, long to, long toName, long flags) {
    try {
      return (int)
          orErrno(capture, (int) LINKAT.invokeExact(capture, from, fromName, to, toName, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int unlinkat(MemorySegment capture, long directory, long name, long flags) {
    try {
      return (int) orErrno(capture, (int) UNLINKAT.invokeExact(capture, directory, name, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int renameat2(
      MemorySegment capture, long from, long fromName, long to, long toName, long flags) {
    try {
      return (int)
          orErrno(capture, (int) RENAMEAT2.invokeExact(capture, from, fromName, to, toName, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long readlinkat(
      MemorySegment capture, long fd, long name, long buffer, long sizeBytes) {
    try {
      return orErrno(capture, (long) READLINKAT.invokeExact(capture, fd, name, buffer, sizeBytes));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int chmod(MemorySegment capture, long path, long mode) {
    try {
      return (int) orErrno(capture, (int) CHMOD.invokeExact(capture, path, mode));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int fchownat(
      MemorySegment capture, long fd, long name, long uid, long gid, long flags) {
    try {
      return (int) orErrno(capture, (int) FCHOWNAT.invokeExact(capture, fd, name, uid, gid, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int truncate(MemorySegment capture, long path, long sizeBytes) {
    try {
      return (int) orErrno(capture, (int) TRUNCATE.invokeExact(capture, path, sizeBytes));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int ftruncate(MemorySegment capture, long fd, long sizeBytes) {
    try {
      return (int) orErrno(capture, (int) FTRUNCATE.invokeExact(capture, fd, sizeBytes));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int utimensat(MemorySegment capture, long fd, long path, long times, long flags) {
    try {
      return (int) orErrno(capture, (int) UTIMENSAT.invokeExact(capture, fd, path, times, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int fsync(MemorySegment capture, long fd) {
    try {
      return (int) orErrno(capture, (int) FSYNC.invokeExact(capture, fd));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int fdatasync(MemorySegment capture, long fd) {
    try {
      return (int) orErrno(capture, (int) FDATASYNC.invokeExact(capture, fd));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int syncfs(MemorySegment capture, long fd) {
    try {
      return (int) orErrno(capture, (int) SYNCFS.invokeExact(capture, fd));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int fallocate(
      MemorySegment capture, long fd, long mode, long offset, long sizeBytes) {
    try {
      return (int)
          orErrno(capture, (int) FALLOCATE.invokeExact(capture, fd, mode, offset, sizeBytes));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long copyFileRange(
      MemorySegment capture,
      long from,
      long fromOffset,
      long to,
      long toOffset,
      long sizeBytes,
      long flags) {
    try {
      return orErrno(
          capture,
          (long)
              COPY_FILE_RANGE.invokeExact(
                  capture, from, fromOffset, to, toOffset, sizeBytes, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long lseek(MemorySegment capture, long fd, long offset, long whence) {
    try {
      return orErrno(capture, (long) LSEEK.invokeExact(capture, fd, offset, whence));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long getdents64(MemorySegment capture, long fd, long buffer, long sizeBytes) {
    try {
      return orErrno(capture, (long) GETDENTS64.invokeExact(capture, fd, buffer, sizeBytes));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int fstatfs(MemorySegment capture, long fd, long buffer) {
    try {
      return (int) orErrno(capture, (int) FSTATFS.invokeExact(capture, fd, buffer));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long getxattr(
      MemorySegment capture, long path, long name, long value, long sizeBytes) {
    try {
      return orErrno(capture, (long) GETXATTR.invokeExact(capture, path, name, value, sizeBytes));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long listxattr(MemorySegment capture, long path, long list, long sizeBytes) {
    try {
      return orErrno(capture, (long) LISTXATTR.invokeExact(capture, path, list, sizeBytes));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int setxattr(
      MemorySegment capture, long path, long name, long value, long sizeBytes, long flags) {
    try {
      return (int)
          orErrno(
              capture, (int) SETXATTR.invokeExact(capture, path, name, value, sizeBytes, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int removexattr(MemorySegment capture, long path, long name) {
    try {
      return (int) orErrno(capture, (int) REMOVEXATTR.invokeExact(capture, path, name));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int nameToHandleAt(
      MemorySegment capture, long fd, long name, long handle, long mount, long flags) {
    try {
      return (int)
          orErrno(
              capture,
              (int) NAME_TO_HANDLE_AT.invokeExact(capture, fd, name, handle, mount, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int openByHandleAt(MemorySegment capture, long mount, long handle, long flags) {
    try {
      return (int)
          orErrno(capture, (int) OPEN_BY_HANDLE_AT.invokeExact(capture, mount, handle, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long preadv(MemorySegment capture, long fd, long vectors, long count, long offset) {
    try {
      return orErrno(capture, (long) PREADV.invokeExact(capture, fd, vectors, count, offset));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long pwritev(
      MemorySegment capture, long fd, long vectors, long count, long offset) {
    try {
      return orErrno(capture, (long) PWRITEV.invokeExact(capture, fd, vectors, count, offset));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }
}
