package org.lodge.linux.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.lodge.linux.LinuxException;

/** {@code poll(2)} for the few places that wait for one or two descriptors. */
public final class Poll {
  private static final short POLLIN = 1;
  private static final short POLLOUT = 4;
  private static final int POLLFD_BYTES = 8;

  private Poll() {}

  public static boolean readable(int fd, int timeoutMillis) throws LinuxException {
    return firstReadable(timeoutMillis, fd) >= 0;
  }

  public static boolean writable(int fd, int timeoutMillis) throws LinuxException {
    return first(POLLOUT, timeoutMillis, fd) >= 0;
  }

  /**
   * Waits until one is readable, hung up or in error.
   *
   * @return its index, or -1 if the time ran out
   */
  public static int firstReadable(int timeoutMillis, int... fds) throws LinuxException {
    return first(POLLIN, timeoutMillis, fds);
  }

  /**
   * Waits until a stream can go on or has a reason to end.
   *
   * @param stop ends the wait when readable
   * @param peer ends the wait when hung up, whatever it has to read
   * @return 0 for {@code stop}, 1 for {@code peer}, 2 for {@code fd}, -1 if the time ran out
   */
  public static int firstOf(int timeoutMillis, int stop, int peer, int fd, boolean writing)
      throws LinuxException {
    short wanted = writing ? POLLOUT : POLLIN;
    return first(new short[] {POLLIN, 0, wanted}, timeoutMillis, stop, peer, fd);
  }

  private static int first(short interest, int timeoutMillis, int... fds) throws LinuxException {
    short[] interests = new short[fds.length];
    Arrays.fill(interests, interest);
    return first(interests, timeoutMillis, fds);
  }

  private static int first(short[] interests, int timeoutMillis, int... fds) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pollfds = arena.allocate((long) POLLFD_BYTES * fds.length, 4);
      for (int i = 0; i < fds.length; i++) {
        pollfds.set(ValueLayout.JAVA_INT, (long) i * POLLFD_BYTES, fds[i]);
        pollfds.set(ValueLayout.JAVA_SHORT, (long) i * POLLFD_BYTES + 4, interests[i]);
      }
      long deadlineNanos = System.nanoTime() + timeoutMillis * 1_000_000L;
      int remainingMillis = timeoutMillis;
      while (LibC.poll(pollfds.address(), fds.length, remainingMillis) < 0) {
        if (LibC.errno() != LinuxException.EINTR) {
          throw LibC.failure("poll");
        }
        if (timeoutMillis >= 0) {
          remainingMillis = (int) Math.max(0, (deadlineNanos - System.nanoTime()) / 1_000_000);
        }
      }
      for (int i = 0; i < fds.length; i++) {
        if (pollfds.get(ValueLayout.JAVA_SHORT, (long) i * POLLFD_BYTES + 6) != 0) {
          return i;
        }
      }
      return -1;
    }
  }
}
