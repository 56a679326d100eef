package org.lodge.lane.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Memory outside of the heap that is used again: to get and clear it costs as much as to copy what
 * goes into it.
 */
final class Buffers {
  private static final long IDLE_BYTES_MAX = 64L << 20;
  private static final int LEAST_SHIFT = 16;
  private static final int CLASSES = 12;

  private final Queue<MemorySegment>[] idle = queues();
  private final AtomicLong idleBytes = new AtomicLong();

  @SuppressWarnings("unchecked")
  private static Queue<MemorySegment>[] queues() {
    return Stream.generate(ConcurrentLinkedQueue::new).limit(CLASSES).toArray(Queue[]::new);
  }

  /** Room for so many bytes and what may come before them; whatever was in it is still there. */
  MemorySegment take(int bytes) {
    long wanted = (long) bytes + Slot.HEADROOM_BYTES;
    int shift = Math.max(LEAST_SHIFT, Long.SIZE - Long.numberOfLeadingZeros(wanted - 1));
    MemorySegment known = idle[shift - LEAST_SHIFT].poll();
    if (known == null) {
      return Arena.ofAuto().allocate(1L << shift, Slot.HEADROOM_BYTES);
    }
    idleBytes.addAndGet(-known.byteSize());
    return known;
  }

  void give(MemorySegment memory) {
    if (idleBytes.addAndGet(memory.byteSize()) > IDLE_BYTES_MAX) {
      idleBytes.addAndGet(-memory.byteSize());
      return;
    }
    idle[Long.numberOfTrailingZeros(memory.byteSize()) - LEAST_SHIFT].add(memory);
  }
}
