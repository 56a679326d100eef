package org.lodge.device.blk.internal;

import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;

/**
 * Takes requests from one queue and chooses who executes them. What is alone runs on the queue's
 * own thread, and writes do while they are quick: that costs less than waking another thread. Of
 * several, reads go to the kernel together, as do writes that turn out to be slow, and all that
 * goes past the page cache. Workers do what the kernel has no such way for.
 */
final class BlkQueue implements Medium.QueueServer {
  private static final long SLOW_NANOS = 50_000;
  private static final int TAKE_MAX = 64;

  /** A larger copy takes so long that sharing a call of the kernel gains nothing. */
  private static final int TOGETHER_MAX = 64 << 10;

  private final Virtqueue queue;
  private final Executor executor;
  private final Workers workers;
  private final Throttle throttle;
  private final BlkRequest[] requests;
  private final BlkRequest[] taken = new BlkRequest[TAKE_MAX];
  private final Lane lane = new Lane();
  private final AtomicBoolean wakeDue = new AtomicBoolean();
  private final UringLane uring;
  private final boolean direct;
  private final Showing showing = new Showing();

  private long now;

  /** A moving average of what was executed here. */
  private long usualNanos;

  private int handedOver;

  /** Thrown once what was taken before is served. */
  private RingException broken;

  /**
   * @param uring null where the kernel reads nothing by itself
   * @param direct whether data goes past the page cache
   */
  BlkQueue(
      Virtqueue queue,
      Executor executor,
      Workers workers,
      Throttle throttle,
      UringLane uring,
      boolean direct) {
    this.queue = queue;
    this.executor = executor;
    this.workers = workers;
    this.throttle = throttle;
    this.uring = uring;
    this.direct = direct;
    requests = new BlkRequest[queue.size()];
    for (int slot = 0; slot < requests.length; slot++) {
      requests[slot] = new BlkRequest();
    }
  }

  @Override
  public void serve() throws RingException {
    now = System.nanoTime();
    showing.begin(now);
    int count;
    do {
      count = take();
      for (int i = 0; i < count; i++) {
        int left = count - 1 - i;
        serve(taken[i], left > 0 || queue.inFlight() > 1);
        if (showing.isDue(now, left)) {
          queue.publish();
          showing.begin(now);
        }
      }
      if (uring != null) {
        uring.turn();
      }
    } while (count > 0);
  }

  private int take() throws RingException {
    if (broken != null) {
      RingException thrown = broken;
      broken = null;
      throw thrown;
    }
    int count = 0;
    try {
      while (count < TAKE_MAX && (taken[count] = next(now)) != null) {
        count++;
      }
    } catch (RingException e) {
      if (count == 0) {
        throw e;
      }
      broken = e;
    }
    return count;
  }

  private void serve(BlkRequest request, boolean amongOthers) {
    boolean byUring = !request.isSlow() && uring != null && (direct || uring.isUsable());
    if (!amongOthers || !goesElsewhere(request, byUring)) {
      long before = now;
      now = executor.run(request, lane);
      if (!request.isSlow()) {
        usualNanos += (now - before - usualNanos) / 8;
      }
    } else if (byUring) {
      uring.submit(request);
      now = System.nanoTime();
    } else {
      workers.submit(request);
    }
  }

  /** One request in 64 is tried here all the same, to find out whether the file is quick again. */
  private boolean goesElsewhere(BlkRequest request, boolean byUring) {
    boolean together = byUring && request.type == Blk.T_IN && request.dataBytes <= TOGETHER_MAX;
    if (request.isSlow() || direct || together) {
      return true;
    }
    boolean slow = usualNanos > SLOW_NANOS || request.type == Blk.T_OUT && executor.writeThrough();
    return slow && ++handedOver % 64 != 0;
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
    if (uring != null) {
      uring.end();
    }
  }
}
