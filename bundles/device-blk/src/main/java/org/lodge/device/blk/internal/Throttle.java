package org.lodge.device.blk.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.virtio.Virtqueue;

/** Both limits of a disk, and the waking of queues that had to wait. Thread-safe. */
final class Throttle {
  private final RateLimit bytes;
  private final RateLimit operations;
  private final BlkCounters counters;

  Throttle(BlkSettings settings, BlkCounters counters) {
    long now = System.nanoTime();
    bytes = new RateLimit(settings.bytesPerSecond(), now);
    operations = new RateLimit(settings.operationsPerSecond(), now);
    this.counters = counters;
  }

  /**
   * Whether the limits let a request through now; otherwise the queue is woken when they do.
   *
   * @param wakeDue the queue's: whether its waking is under way
   */
  boolean lets(Virtqueue queue, AtomicBoolean wakeDue, long nowNanos) {
    long waitNanos = Math.max(bytes.waitNanos(nowNanos), operations.waitNanos(nowNanos));
    if (waitNanos <= 0) {
      return true;
    }
    if (wakeDue.compareAndSet(false, true)) {
      counters.throttled();
      CompletableFuture.delayedExecutor(waitNanos, TimeUnit.NANOSECONDS, Runnable::run)
          .execute(() -> {
            wakeDue.set(false);
            queue.wake();
          });
    }
    return false;
  }

  void take(long dataBytes, long nowNanos) {
    bytes.take(dataBytes, nowNanos);
    operations.take(1, nowNanos);
  }
}
