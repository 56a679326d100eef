package org.lodge.linux.internal;

import com.sun.jna.Native;
import org.lodge.linux.LinuxException;

/**
 * The C library's functions, mapped directly. Addresses and sizes are {@code long}, so a call
 * allocates nothing; the error number is read through {@link #failure}.
 */
public final class LibC {
  public static final int PIDFD_SEND_SIGNAL = 424;
  public static final int PIDFD_OPEN = 434;

  public static final int F_DUPFD_CLOEXEC = 1030;
  public static final int F_ADD_SEALS = 1033;
  public static final int F_GET_SEALS = 1034;
  public static final int F_SETFD = 2;
  public static final int F_GETFD = 1;
  public static final int F_GETFL = 3;
  public static final int F_SETFL = 4;
  public static final int FD_CLOEXEC = 1;
  public static final int O_NONBLOCK = 0x800;

  public static final int AT_EMPTY_PATH = 0x1000;
  public static final int STATX_BASIC_STATS = 0x7ff;

  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int MAP_SHARED = 1;

  public static final int SHUT_RD = 0;
  public static final int SHUT_WR = 1;

  static {
    Native.register(LibC.class, "c");
  }

  private LibC() {}

  public static native int clock_gettime(int clock, long time);

  public static native int close(int fd);

  public static native long read(int fd, long address, long sizeBytes);

  public static native long write(int fd, long address, long sizeBytes);

  public static native int fcntl(int fd, int command, long argument);

  public static native int eventfd(int value, int flags);

  public static native int pipe2(long ends, int flags);

  public static native int poll(long pollfds, long count, int timeoutMillis);

  public static native int epoll_create1(int flags);

  public static native int epoll_ctl(int epoll, int operation, int fd, long event);

  public static native int epoll_wait(int epoll, long events, int count, int timeoutMillis);

  public static native int memfd_create(String name, int flags);

  public static native int ftruncate(int fd, long sizeBytes);

  public static native int fchmod(int fd, int mode);

  public static native int statx(int directory, String path, int flags, int mask, long buffer);

  public static native long mmap(
      long address, long sizeBytes, int protection, int flags, int fd, long offset);

  public static native int munmap(long address, long sizeBytes);

  public static native int socket(int domain, int type, int protocol);

  public static native int socketpair(int domain, int type, int protocol, long ends);

  public static native int bind(int socket, long address, int addressBytes);

  public static native int listen(int socket, int backlog);

  public static native int connect(int socket, long address, int addressBytes);

  public static native int accept4(int socket, long address, long addressBytes, int flags);

  public static native int getsockopt(
      int socket, int level, int option, long value, long valueBytes);

  public static native long recvmsg(int socket, long message, int flags);

  public static native long sendmsg(int socket, long message, int flags);

  public static native int shutdown(int socket, int how);

  public static native long syscall(long number, long a, long b, long c, long d);

  public static native String strerror(int errno);

  /** The last call's error on this thread; to be asked for right after the call. */
  public static int errno() {
    return Native.getLastError();
  }

  /** What to throw for a call that has just failed on this thread. */
  public static LinuxException failure(String call) {
    return failure(call, errno());
  }

  public static LinuxException failure(String call, int errno) {
    return new LinuxException(call, errno, strerror(errno));
  }
}
