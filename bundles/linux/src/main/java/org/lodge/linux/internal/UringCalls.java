package org.lodge.linux.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/** The calls of {@code io_uring(7)}, which the C library does not wrap. */
public final class UringCalls {
  private static final long SETUP = 425;
  private static final long ENTER = 426;
  private static final long REGISTER = 427;

  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SYSCALL = syscall();

  private UringCalls() {}

  @SuppressWarnings("restricted")
  private static MethodHandle syscall() {
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("syscall"),
        FunctionDescriptor.of(word, word, word, word, word, word, word, word),
        Linker.Option.firstVariadicArg(1),
        Linker.Option.captureCallState("errno"));
  }

  /**
   * Makes a ring.
   *
   * @param capture as of {@link FileCalls#captureLayout}
   * @param params the address of a {@code struct io_uring_params}
   * @return its descriptor or the negated error number
   */
  public static int setup(MemorySegment capture, int entries, long params) {
    return call(capture, SETUP, entries, params, 0, 0);
  }

  /**
   * Submits and waits.
   *
   * @return how many entries were taken, or the negated error number
   */
  public static int enter(MemorySegment capture, int fd, int submit, int minComplete, int flags) {
    return call(capture, ENTER, fd, submit, minComplete, flags);
  }

  /**
   * Tells the kernel of something to use.
   *
   * @param what an opcode of {@code io_uring_register(2)}
   * @return 0 or more, or the negated error number
   */
  public static int register(MemorySegment capture, int fd, int what, long address, int count) {
    return call(capture, REGISTER, fd, what, address, count);
  }

  private static int call(MemorySegment capture, long number, long a, long b, long c, long d) {
    try {
      long result = (long) SYSCALL.invokeExact(capture, number, a, b, c, d, 0L, 0L);
      return result < 0 ? -(int) ERRNO.get(capture, 0L) : (int) result;
    } catch (Throwable e) {
      throw new AssertionError("a system call through the foreign function API threw", e);
    }
  }
}
