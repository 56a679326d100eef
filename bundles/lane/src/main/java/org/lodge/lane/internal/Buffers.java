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

  private final Queue<Piece>[] idle = queues();
  private final AtomicLong idleBytes = new AtomicLong();

  /** Not of an automatic arena: those count as direct buffers, of which there are few. */
  record Piece(Arena arena, MemorySegment memory) {}

  @SuppressWarnings("unchecked")
  private static Queue<Piece>[] queues() {
    return Stream.generate(ConcurrentLinkedQueue::new).limit(CLASSES).toArray(Queue[]::new);
  }

  /** Room for so many bytes and what may come before them; whatever was in it is still there. */
  Piece take(int bytes) {
    long wanted = (long) bytes + Slot.HEADROOM_BYTES;
    int shift = Math.max(LEAST_SHIFT, Long.SIZE - Long.numberOfLeadingZeros(wanted - 1));
    Piece known = idle[shift - LEAST_SHIFT].poll();
    if (known == null) {
      Arena arena = Arena.ofShared();
      return new Piece(arena, arena.allocate(1L << shift, Slot.HEADROOM_BYTES));
    }
    idleBytes.addAndGet(-known.memory().byteSize());
    return known;
  }

  /** Nobody uses it any more. */
  void give(Piece piece) {
    long bytes = piece.memory().byteSize();
    if (idleBytes.addAndGet(bytes) > IDLE_BYTES_MAX) {
      idleBytes.addAndGet(-bytes);
      piece.arena().close();
      return;
    }
    idle[Long.numberOfTrailingZeros(bytes) - LEAST_SHIFT].add(piece);
  }
}
