package org.lodge.linux;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.lodge.linux.internal.FileCalls;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.UnixSockets;

/**
 * A connected Unix stream socket for plain bytes, straight from and into any memory. No call ever
 * waits: see {@link Epoll}. One thread may read while another writes; nothing is allocated per
 * call.
 */
public final class UnixByteSocket extends Fd {
  /** Returned when the peer will send no more and all was read. */
  public static final int END_OF_STREAM = -1;

  /** Returned when nothing can be read or written now. */
  public static final int NOT_NOW = -2;

  UnixByteSocket(int number) {
    super(number);
  }

  /**
   * Connects to a listening path, at most 107 bytes long.
   *
   * @throws LinuxException with {@code EAGAIN} where too many others wait there to be accepted
   */
  public static UnixByteSocket connect(Path path) throws LinuxException {
    return new UnixByteSocket(UnixSockets.connectNow(path));
  }

  /**
   * Takes what is there.
   *
   * @return how many bytes, at least 1; {@link #END_OF_STREAM} or {@link #NOT_NOW}
   */
  public int read(MemorySegment into) throws LinuxException {
    enter();
    try {
      long count = LibC.read(raw(), into.address(), into.byteSize());
      if (count > 0) {
        return (int) count;
      }
      if (count == 0) {
        return END_OF_STREAM;
      }
      return orNotNow("read", -LibC.errno());
    } finally {
      leave();
    }
  }

  /**
   * Sends the bytes of a list, in order, as many as the socket takes.
   *
   * @return how many, or {@link #NOT_NOW}
   * @throws LinuxException with {@code EPIPE} where the peer reads no more, with {@code EFAULT}
   *     where the memory is not there any more
   */
  public int write(IoVector from) throws LinuxException {
    enter();
    try {
      long count = FileCalls.writev(from.capture(), raw(), from.address(), from.count());
      return count >= 0 ? (int) count : orNotNow("writev", (int) count);
    } finally {
      leave();
    }
  }

  private int orNotNow(String call, int negatedErrno) throws LinuxException {
    if (negatedErrno == -LinuxException.EAGAIN || negatedErrno == -LinuxException.EINTR) {
      return NOT_NOW;
    }
    throw LibC.failure(call + " " + this, -negatedErrno);
  }

  /** Lets the peer read an end of stream once it has read what was sent. */
  public void shutdownOutput() {
    shutdown(LibC.SHUT_WR);
  }

  /** Lets the peer's writes fail. */
  public void shutdownInput() {
    shutdown(LibC.SHUT_RD);
  }

  /** Fails only where the peer is gone, which the next call tells. */
  private void shutdown(int how) {
    if (tryEnter()) {
      try {
        LibC.shutdown(raw(), how);
      } finally {
        leave();
      }
    }
  }
}
