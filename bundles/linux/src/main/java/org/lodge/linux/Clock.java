package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.linux.internal.LibC;

/** The clocks of this host, by their numbers in {@code clock_gettime(2)}. */
public enum Clock {
  REALTIME(0),
  MONOTONIC(1),
  MONOTONIC_RAW(4);

  private static final long SECOND_NANOS = 1_000_000_000;

  private final int number;

  Clock(int number) {
    this.number = number;
  }

  /** What it says, in nanoseconds. */
  public long nanos() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(16, 8);
      if (LibC.clock_gettime(number, time.address()) != 0) {
        throw LibC.failure("clock_gettime " + this);
      }
      return time.get(ValueLayout.JAVA_LONG, 0) * SECOND_NANOS + time.get(ValueLayout.JAVA_LONG, 8);
    }
  }
}
