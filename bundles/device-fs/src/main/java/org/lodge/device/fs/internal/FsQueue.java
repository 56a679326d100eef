package org.lodge.device.fs.internal;

import java.time.Duration;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.Virtqueue;

/**
 * Takes requests from one queue and chooses who executes them. What is quick, and what is alone,
 * runs on the queue's own thread: a lookup in the host's cache costs less than waking another
 * thread. Where requests turn out to be slow, or the file system waits for somebody, workers
 * execute them side by side.
 */
final class FsQueue {
  private static final long SLOW_NANOS = 100_000;
  private static final long SHOW_NANOS = 50_000;

  private final Virtqueue queue;
  private final Server server;
  private final Workers workers;
  private final boolean waits;
  private final FsCounters counters;
  private final FsRequest[] requests;
  private final Lane lane = new Lane();

  /** A moving average; workers only serve while it says that they pay. */
  private long usualNanos;

  private int handedOver;
  private volatile boolean stopping;

  FsQueue(Virtqueue queue, Server server, Workers workers, boolean waits, FsCounters counters) {
    this.queue = queue;
    this.server = server;
    this.workers = workers;
    this.waits = waits;
    this.counters = counters;
    requests = new FsRequest[queue.size()];
    for (int slot = 0; slot < requests.length; slot++) {
      requests[slot] = new FsRequest(this, server);
    }
  }

  /** Whether a request of this number was taken and is not answered. */
  boolean holds(long untrustedUnique) {
    for (FsRequest each : requests) {
      if (each.isOut && each.unique == untrustedUnique) {
        return true;
      }
    }
    return false;
  }

  boolean isStopping() {
    return stopping;
  }

  /** Finishes what was taken; what waits for a lock is handed back. */
  boolean stop(Duration limit) {
    stopping = true;
    server.locking().handBack(this);
    boolean idle = queue.awaitIdle(limit);
    stopping = idle;
    return idle;
  }

  void serve() throws RingException {
    long now = System.nanoTime();
    long shown = now;
    FsRequest request = next(now);
    while (request != null) {
      FsRequest following = nextAfter(request, now);
      if (isHandedOver(request, following)) {
        workers.submit(request);
      } else {
        server.run(request, lane);
        long before = now;
        now = System.nanoTime();
        if (!request.opcode.isSlow()) {
          usualNanos += (now - before - usualNanos) / 8;
        }
        if (now - shown > SHOW_NANOS) {
          queue.publish();
          shown = now;
        }
      }
      request = following != null ? following : next(now);
    }
  }

  /** One request in 64 is tried here all the same, to find out whether all is quick again. */
  private boolean isHandedOver(FsRequest request, FsRequest following) {
    if (request.opcode.isSilent() || request.opcode.isLocal()) {
      return false;
    }
    if (waits) {
      return true;
    }
    boolean slow = request.opcode.isSlow() || usualNanos > SLOW_NANOS;
    boolean alone = following == null && queue.inFlight() <= 1;
    return slow && !alone && (++handedOver % 64 != 0 || request.opcode.isSlow());
  }

  /** What was taken before is answered even where the driver breaks the queue after it. */
  private FsRequest nextAfter(FsRequest request, long nowNanos) throws RingException {
    try {
      return next(nowNanos);
    } catch (RingException e) {
      server.run(request, lane);
      throw e;
    }
  }

  private FsRequest next(long nowNanos) throws RingException {
    DescriptorChain chain = queue.poll();
    if (chain == null) {
      return null;
    }
    counters.taken();
    FsRequest request = requests[chain.slot()];
    try {
      request.begin(chain, nowNanos);
    } catch (InternalError e) {
      chain.complete(0);
      throw new RingException(RingFault.MEMORY_FAULT, "the header of a file system request");
    }
    return request;
  }
}
