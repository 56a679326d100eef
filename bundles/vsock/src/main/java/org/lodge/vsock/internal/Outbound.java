package org.lodge.vsock.internal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.Payload;

/**
 * Those who wait for the guest: writers until it has room, diallers until it answers. Nothing is
 * queued: a writer's own thread copies into the guest's memory. Thread-safe; one writes at a time.
 */
final class Outbound {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private long changes;

  /** Throws where nothing can be written any more. */
  interface Check {
    void run() throws IOException;
  }

  /** Where the bytes that are written come from. */
  interface Source {
    /**
     * Gives to the guest's end what it takes of the rest.
     *
     * @return how many bytes went; {@link GuestEnd#NOTHING} where none did
     */
    int give(GuestEnd to, int done);
  }

  void write(ByteBuffer from, int messageFlags, Supplier<GuestEnd> guestEnd, Check writable)
      throws IOException, InterruptedException {
    MemorySegment bytes = MemorySegment.ofBuffer(from);
    Payload payload =
        (offset, to, toOffset, count) -> MemorySegment.copy(bytes, offset, to, toOffset, count);
    int length = from.remaining();
    write(
        length,
        (to, done) -> {
          int went = to.deliver(payload, done, length - done, messageFlags);
          from.position(from.position() + Math.max(0, went));
          return went;
        },
        guestEnd,
        writable);
  }

  /** Writes so many bytes of a source that has them. */
  void write(int length, Source source, Supplier<GuestEnd> guestEnd, Check writable)
      throws IOException, InterruptedException {
    int done = 0;
    lock.lockInterruptibly();
    try {
      while (true) {
        writable.run();
        long seen = changes;
        GuestEnd end = guestEnd.get();
        int went = source.give(end, done);
        end.flush();
        if (went != GuestEnd.NOTHING) {
          done += went;
          if (done == length) {
            return;
          }
        }
        while (changes == seen) {
          changed.await();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until it is so.
   *
   * @return false where the limit passed first
   */
  boolean await(Duration limit, BooleanSupplier so) throws InterruptedException {
    long nanos = limit.toNanos();
    lock.lockInterruptibly();
    try {
      while (!so.getAsBoolean()) {
        if (nanos <= 0) {
          return false;
        }
        nanos = changed.awaitNanos(nanos);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Lets all who wait look again. */
  void signal() {
    lock.lock();
    try {
      changes++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
