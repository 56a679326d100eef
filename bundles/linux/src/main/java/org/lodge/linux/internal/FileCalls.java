package org.lodge.linux.internal;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The system calls of file data, through the foreign function API: they are on the path of every
 * disk request and of every byte to a program's socket, where JNA would cost about as much again as
 * a cached read. Each returns its result or the negated error number, and allocates nothing.
 */
public final class FileCalls {
  public static final int O_RDWR = 2;
  public static final int O_DIRECT =
      System.getProperty("os.arch").equals("aarch64") ? 0x10000 : 0x4000;
  public static final int O_CLOEXEC = 0x80000;
  public static final int FALLOC_KEEP_SIZE = 1;
  public static final int FALLOC_PUNCH_HOLE = 2;
  public static final int FALLOC_ZERO_RANGE = 16;

  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final AddressLayout ADDRESS = ValueLayout.ADDRESS;

  private static final int RWF_NOWAIT = 8;

  private static final MethodHandle OPEN =
      call("open", FunctionDescriptor.of(INT, ADDRESS, INT), Linker.Option.firstVariadicArg(2));
  private static final MethodHandle PREADV =
      call("preadv", FunctionDescriptor.of(LONG, INT, LONG, INT, LONG));
  private static final MethodHandle PWRITEV =
      call("pwritev", FunctionDescriptor.of(LONG, INT, LONG, INT, LONG));
  private static final MethodHandle PREADV2 =
      call("preadv2", FunctionDescriptor.of(LONG, INT, LONG, INT, LONG, INT));
  private static final MethodHandle WRITEV =
      call("writev", FunctionDescriptor.of(LONG, INT, LONG, INT));
  private static final MethodHandle FDATASYNC = call("fdatasync", FunctionDescriptor.of(INT, INT));
  private static final MethodHandle FALLOCATE =
      call("fallocate", FunctionDescriptor.of(INT, INT, INT, LONG, LONG));
  private static final MethodHandle IOCTL =
      call("ioctl", FunctionDescriptor.of(INT, INT, LONG, LONG), Linker.Option.firstVariadicArg(2));

  private FileCalls() {}

  @SuppressWarnings("restricted")
  private static MethodHandle call(
      String name, FunctionDescriptor descriptor, Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    var all = new java.util.ArrayList<>(java.util.List.of(options));
    all.add(Linker.Option.captureCallState("errno"));
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), descriptor, all.toArray(Linker.Option[]::new));
  }

  /** What a caller passes as {@code capture}: one per thread, for the error number. */
  public static StructLayout captureLayout() {
    return CAPTURE;
  }

  public static int open(MemorySegment capture, MemorySegment path, int flags) {
    try {
      return (int) orErrno(capture, (int) OPEN.invokeExact(capture, path, flags));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long preadv(MemorySegment capture, int fd, long vectors, int count, long offset) {
    try {
      return orErrno(capture, (long) PREADV.invokeExact(capture, fd, vectors, count, offset));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  /** {@code preadv2(2)} with {@code RWF_NOWAIT}. */
  public static long preadvNow(
      MemorySegment capture, int fd, long vectors, int count, long offset) {
    try {
      return orErrno(
          capture, (long) PREADV2.invokeExact(capture, fd, vectors, count, offset, RWF_NOWAIT));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long pwritev(MemorySegment capture, int fd, long vectors, int count, long offset) {
    try {
      return orErrno(capture, (long) PWRITEV.invokeExact(capture, fd, vectors, count, offset));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static long writev(MemorySegment capture, int fd, long vectors, int count) {
    try {
      return orErrno(capture, (long) WRITEV.invokeExact(capture, fd, vectors, count));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int fdatasync(MemorySegment capture, int fd) {
    try {
      return (int) orErrno(capture, (int) FDATASYNC.invokeExact(capture, fd));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int fallocate(
      MemorySegment capture, int fd, int mode, long offset, long sizeBytes) {
    try {
      return (int)
          orErrno(capture, (int) FALLOCATE.invokeExact(capture, fd, mode, offset, sizeBytes));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  public static int ioctl(MemorySegment capture, int fd, long request, long argument) {
    try {
      return (int) orErrno(capture, (int) IOCTL.invokeExact(capture, fd, request, argument));
    } catch (Throwable e) {
      throw impossible(e);
    }
  }

  private static long orErrno(MemorySegment capture, long result) {
    return result < 0 ? -(int) ERRNO.get(capture, 0L) : result;
  }

  private static AssertionError impossible(Throwable e) {
    return new AssertionError("a system call through the foreign function API threw", e);
  }
}
