package org.lodge.device.blk.internal;

import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;

/**
 * Takes requests from one queue and chooses who executes them. What is quick, and what is alone,
 * runs on the queue's own thread: a cached read costs less than waking another thread. Where
 * requests turn out to be slow and there are several, the kernel does them side by side if they go
 * past the page cache, and workers otherwise.
 */
final class BlkQueue implements Medium.QueueServer {
  private static final long SLOW_NANOS = 50_000;

  /**
   * A call of the driver costs as much as copying 128 KiB, so that large requests wait for some.
   */
  private static final int SHOW_REQUESTS = 16;

  private static final long SHOW_NANOS = 50_000;
  private static final long SHOW_NANOS_MAX = 160_000;

  private final Virtqueue queue;
  private final Executor executor;
  private final Workers workers;
  private final Throttle throttle;
  private final BlkRequest[] requests;
  private final Lane lane = new Lane();
  private final AtomicBoolean wakeDue = new AtomicBoolean();

  /** A moving average; workers only serve while it says that they pay. */
  private long usualNanos;

  private int handedOver;

  private final DirectLane directLane;

  /**
   * @param directLane null where data goes through the page cache
   */
  BlkQueue(
      Virtqueue queue,
      Executor executor,
      Workers workers,
      Throttle throttle,
      DirectLane directLane) {
    this.queue = queue;
    this.executor = executor;
    this.workers = workers;
    this.throttle = throttle;
    this.directLane = directLane;
    requests = new BlkRequest[queue.size()];
    for (int slot = 0; slot < requests.length; slot++) {
      requests[slot] = new BlkRequest();
    }
  }

  @Override
  public void serve() throws RingException {
    try {
      serveAll();
    } finally {
      if (directLane != null) {
        directLane.turn();
      }
    }
  }

  private void serveAll() throws RingException {
    long now = System.nanoTime();
    long shown = now;
    int done = 0;
    BlkRequest request = next(now);
    while (request != null) {
      BlkRequest following = nextAfter(request, now);
      if (isSlow(request) && (following != null || queue.inFlight() > 1)) {
        handOver(request);
      } else {
        long before = now;
        now = executor.run(request, lane);
        if (!request.isSlow()) {
          usualNanos += (now - before - usualNanos) / 8;
        }
        done++;
        if (now - shown > (done < SHOW_REQUESTS ? SHOW_NANOS_MAX : SHOW_NANOS)) {
          queue.publish();
          shown = now;
          done = 0;
        }
      }
      request = following != null ? following : next(now);
    }
  }

  /** One request in 64 is tried here all the same, to find out whether the file is quick again. */
  private boolean isSlow(BlkRequest request) {
    if (request.isSlow() || directLane != null) {
      return true;
    }
    boolean slow = usualNanos > SLOW_NANOS || request.type == Blk.T_OUT && executor.writeThrough();
    return slow && ++handedOver % 64 != 0;
  }

  private void handOver(BlkRequest request) {
    if (directLane == null || request.isSlow()) {
      workers.submit(request);
    } else {
      directLane.submit(request);
    }
  }

  /** What was taken before is answered even where the driver breaks the queue after it. */
  private BlkRequest nextAfter(BlkRequest request, long nowNanos) throws RingException {
    try {
      return next(nowNanos);
    } catch (RingException e) {
      executor.run(request, lane);
      throw e;
    }
  }

  private BlkRequest next(long nowNanos) throws RingException {
    if (!throttle.lets(queue, wakeDue, nowNanos)) {
      return null;
    }
    DescriptorChain chain = queue.poll();
    if (chain == null) {
      return null;
    }
    BlkRequest request = requests[chain.slot()];
    request.begin(chain, nowNanos);
    throttle.take(request.dataBytes, nowNanos);
    return request;
  }

  @Override
  public void close() {
    if (directLane != null) {
      directLane.end();
    }
  }
}
