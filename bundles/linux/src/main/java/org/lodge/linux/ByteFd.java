package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.Poll;

/** A descriptor of a stream of bytes, such as an end of a pipe. Calls block, within a limit. */
public final class ByteFd extends Fd {
  /** What a pipe takes without blocking as soon as it takes anything (PIPE_BUF). */
  private static final int CHUNK_BYTES = 4096;

  private ByteFd(Fd source) {
    super(source);
  }

  /** Takes over a descriptor, which should be a pipe's or a file's. */
  public static ByteFd adopt(Fd source) {
    return new ByteFd(source);
  }

  /**
   * Reads once. Does not wait where {@link Epoll} has said that there is something.
   *
   * @return how many bytes; 0 at the end
   */
  public int readReady(MemorySegment into) throws LinuxException {
    enter();
    try {
      int count = (int) LibC.read(raw(), into.address(), into.byteSize());
      if (count < 0) {
        throw LibC.failure("read " + this);
      }
      return count;
    } finally {
      leave();
    }
  }

  /**
   * Writes once, at most 4096 bytes. Does not wait where {@link Epoll} has said that a pipe takes
   * some.
   *
   * @return how many bytes
   */
  public int writeReady(MemorySegment from) throws LinuxException {
    enter();
    try {
      long most = Math.min(CHUNK_BYTES, from.byteSize());
      int count = (int) LibC.write(raw(), from.address(), most);
      if (count < 0) {
        throw LibC.failure("write " + this);
      }
      return count;
    } finally {
      leave();
    }
  }

  /**
   * Reads to the end.
   *
   * @param silenceMillis how long the other side may give nothing
   * @throws LinuxException if there are more than {@code maxBytes}, or a read fails
   */
  public byte[] readAll(int maxBytes, int silenceMillis) throws LinuxException {
    return readAll(
        maxBytes,
        () -> {
          if (!Poll.readable(raw(), silenceMillis)) {
            throw silence("read", silenceMillis);
          }
        });
  }

  /**
   * Reads to the end, unless there is nobody left to read it for.
   *
   * @param silenceMillis how long the other side may give nothing
   * @param stop a signal of it ends the reading; it is not drained
   * @param peer a connection whose hang-up ends the reading, even with bytes in it unread
   * @throws LinuxException as the shorter form, and with {@code EPIPE} if it was ended
   */
  public byte[] readAll(int maxBytes, int silenceMillis, EventFd stop, UnixStreamSocket peer)
      throws LinuxException {
    return readAll(maxBytes, () -> await("read", false, silenceMillis, stop, peer));
  }

  private interface Wait {
    void run() throws LinuxException;
  }

  private byte[] readAll(int maxBytes, Wait wait) throws LinuxException {
    byte[] bytes = new byte[0];
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK_BYTES);
      while (true) {
        wait.run();
        int count = (int) LibC.read(raw(), chunk.address(), CHUNK_BYTES);
        if (count == 0) {
          return bytes;
        }
        if (count < 0) {
          if (LibC.errno() == LinuxException.EINTR) {
            continue;
          }
          throw LibC.failure("read " + this);
        }
        if (bytes.length + count > maxBytes) {
          throw new LinuxException(
              "read " + this, LinuxException.EINVAL, "more than " + maxBytes + " bytes");
        }
        int end = bytes.length;
        bytes = Arrays.copyOf(bytes, end + count);
        MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, 0, bytes, end, count);
      }
    } finally {
      leave();
    }
  }

  /**
   * Writes all of it.
   *
   * @param silenceMillis how long the other side may take nothing
   */
  public void writeAll(byte[] bytes, int silenceMillis) throws LinuxException {
    writeAll(
        bytes,
        () -> {
          if (!Poll.writable(raw(), silenceMillis)) {
            throw silence("write", silenceMillis);
          }
        });
  }

  /**
   * Writes all of it, unless there is nobody left to write it for.
   *
   * @param silenceMillis how long the other side may take nothing
   * @param stop a signal of it ends the writing; it is not drained
   * @param peer a connection whose hang-up ends the writing, even with bytes in it unread
   * @throws LinuxException with {@code EPIPE} if it was ended; part of the bytes may have gone then
   */
  public void writeAll(byte[] bytes, int silenceMillis, EventFd stop, UnixStreamSocket peer)
      throws LinuxException {
    writeAll(bytes, () -> await("write", true, silenceMillis, stop, peer));
  }

  private void writeAll(byte[] bytes, Wait wait) throws LinuxException {
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
      long done = 0;
      while (done < bytes.length) {
        wait.run();
        long count =
            LibC.write(raw(), data.address() + done, Math.min(CHUNK_BYTES, bytes.length - done));
        if (count >= 0) {
          done += count;
        } else if (LibC.errno() != LinuxException.EINTR) {
          throw LibC.failure("write " + this);
        }
      }
    } finally {
      leave();
    }
  }

  private void await(
      String call, boolean writing, int silenceMillis, EventFd stop, UnixStreamSocket peer)
      throws LinuxException {
    if (!stop.tryEnter()) {
      throw ended(call);
    }
    try {
      if (!peer.tryEnter()) {
        throw ended(call);
      }
      try {
        switch (Poll.firstOf(silenceMillis, stop.raw(), peer.raw(), raw(), writing)) {
          case -1 -> throw silence(call, silenceMillis);
          case 0, 1 -> throw ended(call);
          default -> {
            // It can go on.
          }
        }
      } finally {
        peer.leave();
      }
    } finally {
      stop.leave();
    }
  }

  private LinuxException ended(String call) {
    return new LinuxException(
        call + " " + this, LinuxException.EPIPE, "the one it is done for has left");
  }

  private LinuxException silence(String call, int silenceMillis) {
    return new LinuxException(
        call + " " + this, LinuxException.EAGAIN, "nothing has moved for " + silenceMillis + " ms");
  }
}
