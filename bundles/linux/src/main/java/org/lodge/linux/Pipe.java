package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.linux.internal.LibC;

/**
 * The two ends of a new pipe.
 *
 * @param source where the bytes come out
 * @param sink where they go in
 */
public record Pipe(ByteFd source, ByteFd sink) implements AutoCloseable {
  private static final int O_CLOEXEC = 0x80000;

  public static Pipe create() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(8, 4);
      if (LibC.pipe2(ends.address(), O_CLOEXEC) != 0) {
        throw LibC.failure("pipe2");
      }
      return new Pipe(
          ByteFd.adopt(Fd.adopt(ends.get(ValueLayout.JAVA_INT, 0))),
          ByteFd.adopt(Fd.adopt(ends.get(ValueLayout.JAVA_INT, 4))));
    }
  }

  @Override
  public void close() {
    source.close();
    sink.close();
  }
}
