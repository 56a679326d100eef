package org.lodge.linux.internal;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * {@code preadv2(2)} and {@code write(2)} of 8 bytes, and {@code epoll_wait(2)}, through the
 * foreign function API: each request of a guest may cost one, and JNA takes a quarter of their
 * time. They leave no error number; whoever needs it repeats the call through {@link LibC}.
 */
public final class EventCalls {
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final FunctionDescriptor TRANSFER = FunctionDescriptor.of(LONG, INT, LONG, LONG);
  private static final int RWF_NOWAIT = 8;
  private static final MethodHandle READ =
      call("preadv2", FunctionDescriptor.of(LONG, INT, LONG, INT, LONG, INT));
  private static final MethodHandle WRITE = call("write", TRANSFER);
  private static final MethodHandle EPOLL_WAIT =
      call("epoll_wait", FunctionDescriptor.of(INT, INT, LONG, INT, INT));

  private EventCalls() {}

  @SuppressWarnings("restricted")
  private static MethodHandle call(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
  }

  /**
   * Does not wait, whatever the file's flag says. For that, eventfds have Linux 5.8.
   *
   * @param vector address of one {@code struct iovec} of 8 bytes
   */
  public static boolean read(int fd, long vector) {
    try {
      return (long) READ.invokeExact(fd, vector, 1, -1L, RWF_NOWAIT) == 8;
    } catch (Throwable e) {
      throw new AssertionError("preadv2 through the foreign function API threw", e);
    }
  }

  public static boolean write(int fd, long address) {
    try {
      return (long) WRITE.invokeExact(fd, address, 8L) == 8;
    } catch (Throwable e) {
      throw new AssertionError("write through the foreign function API threw", e);
    }
  }

  /** Returns the number of events, or -1. */
  public static int epollWait(int fd, long events, int most, int timeoutMillis) {
    try {
      return (int) EPOLL_WAIT.invokeExact(fd, events, most, timeoutMillis);
    } catch (Throwable e) {
      throw new AssertionError("epoll_wait through the foreign function API threw", e);
    }
  }
}
