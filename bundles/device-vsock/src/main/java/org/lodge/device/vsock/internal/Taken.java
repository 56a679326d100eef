package org.lodge.device.vsock.internal;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Virtqueue;

/**
 * Transmit buffers of small packets that were passed on. They are given back some together, as each
 * giving back interrupts the guest and wakes a thread there that has nothing to do but free them,
 * and an answer of a few bytes is not worth that. Used by the thread that serves the transmit
 * queue, and by the one that has stopped it.
 */
final class Taken {
  /** The guest has more buffers than that, and wants those back that it waits for. */
  private static final int SMALL_BYTES_MAX = 1024;

  private static final int QUEUE_PART = 8;
  private static final long HELD_MILLIS_MAX = 4;

  /** Of the JDK's own thread: one of ours would outlive the bundle. */
  private static final Executor LATER =
      CompletableFuture.delayedExecutor(HELD_MILLIS_MAX, TimeUnit.MILLISECONDS, Runnable::run);

  private final ArrayDeque<DescriptorChain> chains = new ArrayDeque<>();
  private long oldestNanos;

  /** Whether it will be given back later. */
  boolean keep(DescriptorChain chain, Virtqueue queue) {
    if (chain.readableBytes() > Header.BYTES + SMALL_BYTES_MAX) {
      return false;
    }
    if (chains.isEmpty()) {
      oldestNanos = System.nanoTime();
      LATER.execute(queue::wake);
    }
    chains.addLast(chain);
    return true;
  }

  /** Gives them back where they are many, or have waited long enough. */
  void giveBackInTime(Virtqueue queue) {
    if (chains.size() >= queue.size() / QUEUE_PART
        || !chains.isEmpty() && System.nanoTime() - oldestNanos >= HELD_MILLIS_MAX * 1_000_000) {
      giveBack();
    }
  }

  void giveBack() {
    for (DescriptorChain chain = chains.poll(); chain != null; chain = chains.poll()) {
      chain.complete(0);
    }
  }

  /** They went with their queue. */
  void forget() {
    chains.clear();
  }
}
