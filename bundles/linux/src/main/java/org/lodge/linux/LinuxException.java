package org.lodge.linux;

import java.io.IOException;

/** A system call failed; carries the call's name and its error number. */
public final class LinuxException extends IOException {
  private static final long serialVersionUID = 1;

  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int ESRCH = 3;
  public static final int EINTR = 4;
  public static final int EBADF = 9;
  public static final int EAGAIN = 11;
  public static final int EINVAL = 22;
  public static final int EPIPE = 32;
  public static final int ECONNRESET = 104;

  private final String call;
  private final int errno;

  public LinuxException(String call, int errno, String message) {
    super(call + ": " + message + " (errno " + errno + ")");
    this.call = call;
    this.errno = errno;
  }

  /** The system call that failed, with the thing it was called on, as in {@code pidfd_open 42}. */
  public String call() {
    return call;
  }

  /** The error number as in {@code errno.h}. */
  public int errno() {
    return errno;
  }
}
