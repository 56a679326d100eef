package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.lodge.linux.internal.LibC;

/** A descriptor of a stream of bytes, such as an end of a pipe. Calls block. */
public final class ByteFd extends Fd {
  private static final int CHUNK_BYTES = 64 << 10;

  private ByteFd(Fd source) {
    super(source);
  }

  /** Takes over a descriptor, which should be a pipe's or a file's. */
  public static ByteFd adopt(Fd source) {
    return new ByteFd(source);
  }

  /**
   * Reads to the end.
   *
   * @throws LinuxException if there are more than {@code maxBytes}, or a read fails
   */
  public byte[] readAll(int maxBytes) throws LinuxException {
    byte[] bytes = new byte[0];
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment chunk = arena.allocate(CHUNK_BYTES);
      while (true) {
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

  /** Writes all of it. */
  public void writeAll(byte[] bytes) throws LinuxException {
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
      long done = 0;
      while (done < bytes.length) {
        long count = LibC.write(raw(), data.address() + done, bytes.length - done);
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
}
