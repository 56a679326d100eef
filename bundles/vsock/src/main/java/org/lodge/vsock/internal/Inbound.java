package org.lodge.vsock.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.Payload;

/**
 * What a guest has sent on one connection and nobody has consumed yet, in order. The credit that
 * the device gives the guest bounds the bytes, and {@link #BOUNDARIES_MAX} the messages.
 *
 * <p>Bytes that can't go on at once stay in the guest's own buffers where the device allows it, so
 * that they are copied once; otherwise they are copied here.
 *
 * <p>Thread-safe. While the lock is held nothing is called but the copy into the other guest, or
 * the write to a program's socket, neither of which waits.
 */
final class Inbound {
  /** How many ends of messages may wait; a message may be empty, so bytes alone are no bound. */
  static final int BOUNDARIES_MAX = 16384;

  private static final int CHUNK_BYTES = 4096;

  /** Takes bytes as {@link GuestEnd#deliver} does. */
  interface Sink {
    int deliver(Payload payload, int offset, int length, int messageFlags);
  }

  private record Boundary(long position, int flags) {}

  private static final class Segment {
    Payload payload;
    int from;
    int to;
  }

  private static final class Chunk implements Payload {
    final byte[] bytes;

    Chunk(int sizeBytes) {
      bytes = new byte[sizeBytes];
    }

    @Override
    public void copy(int offset, MemorySegment to, long toOffset, int length) {
      MemorySegment.copy(bytes, offset, to, ValueLayout.JAVA_BYTE, toOffset, length);
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final ArrayDeque<Segment> segments = new ArrayDeque<>();
  private final ArrayDeque<Boundary> boundaries = new ArrayDeque<>();
  private Sink through;
  private long receivedBytes;
  private volatile long consumedBytes;
  private boolean ended;
  private boolean discarding;

  /**
   * Takes all of a payload: passes it on, holds it or copies it.
   *
   * @return false where too many messages wait, and this one has been lost
   */
  boolean put(Payload payload, int length, int messageFlags) {
    lock.lock();
    try {
      receivedBytes += length;
      if (discarding) {
        consumedBytes = receivedBytes;
        return true;
      }
      int done = 0;
      if (through != null && segments.isEmpty() && boundaries.isEmpty()) {
        int went = through.deliver(payload, 0, length, messageFlags);
        if (went == length) {
          consumedBytes = receivedBytes;
          return true;
        }
        done = Math.max(0, went);
        consumedBytes += done;
      }
      if (messageFlags != 0) {
        if (boundaries.size() == BOUNDARIES_MAX) {
          return false;
        }
        boundaries.addLast(new Boundary(receivedBytes, messageFlags));
      }
      keep(payload, done, length);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void keep(Payload payload, int from, int to) {
    if (from == to) {
      return;
    }
    Payload held = payload.hold();
    if (held != null) {
      append(held, from, to);
      return;
    }
    int length = to - from;
    Segment last = segments.peekLast();
    if (last == null
        || !(last.payload instanceof Chunk chunk)
        || chunk.bytes.length - last.to < length) {
      last = append(new Chunk(Math.max(CHUNK_BYTES, length)), 0, 0);
    }
    byte[] bytes = ((Chunk) last.payload).bytes;
    payload.copy(from, MemorySegment.ofArray(bytes), last.to, length);
    last.to += length;
  }

  private Segment append(Payload payload, int from, int to) {
    Segment segment = new Segment();
    segment.payload = payload;
    segment.from = from;
    segment.to = to;
    segments.addLast(segment);
    return segment;
  }

  /** Gives to the sink until it takes no more, or nothing is left. */
  void drainTo(Sink sink) {
    lock.lock();
    try {
      drain(sink);
    } finally {
      lock.unlock();
    }
  }

  private void drain(Sink sink) {
    while (!segments.isEmpty() || !boundaries.isEmpty()) {
      Segment segment = segments.peekFirst();
      Boundary boundary = boundaries.peekFirst();
      int length = segment == null ? 0 : segment.to - segment.from;
      int flags = 0;
      if (boundary != null && boundary.position - consumedBytes <= length) {
        length = (int) (boundary.position - consumedBytes);
        flags = boundary.flags;
      }
      Payload payload = segment == null ? EMPTY : segment.payload;
      int went = sink.deliver(payload, segment == null ? 0 : segment.from, length, flags);
      if (went == GuestEnd.NOTHING) {
        return;
      }
      if (went == length && flags != 0) {
        boundaries.removeFirst();
      }
      consume(segment, went);
      if (went < length) {
        return;
      }
    }
  }

  private void consume(Segment segment, int went) {
    consumedBytes += went;
    if (segment != null) {
      segment.from += went;
      if (segment.from == segment.to) {
        segments.removeFirst();
        segment.payload.release();
      }
    }
  }

  private static final Payload EMPTY = (offset, to, toOffset, length) -> {};

  /** Lets all that comes go straight to a sink from now on; what is here stays for a drain. */
  void redirect(Sink sink) {
    lock.lock();
    try {
      through = sink;
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until there is something, or there will be nothing more; then gives it to the sink.
   *
   * @return false where there will be nothing more
   */
  boolean awaitAndDrain(Sink sink) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (segments.isEmpty() && boundaries.isEmpty()) {
        if (ended || discarding) {
          return false;
        }
        arrived.await();
      }
      drain(sink);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until bytes are here.
   *
   * @return how many; -1 where there will be none
   */
  int await() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (receivedBytes == consumedBytes) {
        if (ended || discarding) {
          return -1;
        }
        arrived.await();
      }
      return (int) (receivedBytes - consumedBytes);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives bytes of a stream to the sink until it takes no more.
   *
   * @return how many it took
   */
  int drainTo(Sink sink, int most) {
    lock.lock();
    try {
      int left = most;
      while (left > 0 && !segments.isEmpty()) {
        Segment segment = segments.peekFirst();
        int length = Math.min(segment.to - segment.from, left);
        int went = sink.deliver(segment.payload, segment.from, length, 0);
        if (went == GuestEnd.NOTHING) {
          break;
        }
        consume(segment, went);
        left -= went;
        if (went < length) {
          break;
        }
      }
      return most - left;
    } finally {
      lock.unlock();
    }
  }

  /** Wakes those who wait. */
  void signal() {
    lock.lock();
    try {
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Nothing more will come. */
  void end() {
    lock.lock();
    try {
      ended = true;
      arrived.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Throws away what is here and what comes; it counts as consumed.
   *
   * @return whether something was here
   */
  boolean discard() {
    lock.lock();
    try {
      boolean lost = !segments.isEmpty() || !boundaries.isEmpty();
      discarding = true;
      consumedBytes = receivedBytes;
      boundaries.clear();
      segments.forEach(segment -> segment.payload.release());
      segments.clear();
      arrived.signalAll();
      return lost;
    } finally {
      lock.unlock();
    }
  }

  /** Copies what is held, so that the guest's buffers are free. */
  void releaseHeld() {
    lock.lock();
    try {
      for (Segment segment : segments) {
        Payload held = segment.payload;
        if (!(held instanceof Chunk)) {
          int length = segment.to - segment.from;
          Chunk chunk = new Chunk(length);
          held.copy(segment.from, MemorySegment.ofArray(chunk.bytes), 0, length);
          segment.payload = chunk;
          segment.from = 0;
          segment.to = length;
          held.release();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  long consumedBytes() {
    return consumedBytes;
  }

  int availableBytes() {
    lock.lock();
    try {
      return (int) (receivedBytes - consumedBytes);
    } finally {
      lock.unlock();
    }
  }

  boolean isEmpty() {
    lock.lock();
    try {
      return segments.isEmpty() && boundaries.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Whether nothing is here and nothing will come. */
  boolean isDrained() {
    lock.lock();
    try {
      return (ended || discarding) && segments.isEmpty() && boundaries.isEmpty();
    } finally {
      lock.unlock();
    }
  }
}
