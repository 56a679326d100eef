package org.lodge.filesystem.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.filesystem.Statistics;

/** Linux's {@code struct statfs} on machines of 64 bits. */
final class StatFs {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private StatFs() {}

  static void read(MemorySegment from, Statistics into) {
    into.blockSizeBytes = (int) from.get(LONG, 8);
    into.blocks = from.get(LONG, 16);
    into.freeBlocks = from.get(LONG, 24);
    into.availableBlocks = from.get(LONG, 32);
    into.files = from.get(LONG, 40);
    into.freeFiles = from.get(LONG, 48);
    into.nameBytesMax = (int) from.get(LONG, 64);
    into.fragmentBytes = (int) from.get(LONG, 72);
  }
}
