package org.lodge.device.blk.internal;

import java.util.Arrays;
import org.lodge.linux.BlockFile;
import org.lodge.linux.EventFd;
import org.lodge.linux.IoUring;
import org.lodge.linux.IoVector;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.Virtqueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does one queue's direct reads and writes through io_uring, as many at once as the driver asks
 * for, on one thread that begins them and answers them in batches. Started with the first request;
 * where the kernel has no io_uring, workers take over for good.
 *
 * <p>The monitor guards what waits; the rest belongs to the thread. Nothing is allocated per
 * request once as many have been out at once as ever will be.
 */
final class DirectLane implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DirectLane.class);
  private static final int UNDER_WAY_MAX = 256;
  private static final int PIECES_MAX = 260;
  private static final long WAKE_TOKEN = -1;

  /** Makes the ring, on the thread that it belongs to. */
  interface RingMaker {
    IoUring make(int entries) throws LinuxException;
  }

  private final String name;
  private final Virtqueue queue;
  private final Executor executor;
  private final Workers workers;
  private final RingMaker ringMaker;

  private BlkRequest[] waiting = new BlkRequest[64];
  private int waitingCount;
  private boolean sleeping;
  private boolean closed;
  private EventFd wake;
  private volatile boolean unusable;

  private BlkRequest[] taken = new BlkRequest[64];
  private final BlkRequest[] underWay = new BlkRequest[UNDER_WAY_MAX];
  private final IoVector[] vectors = new IoVector[UNDER_WAY_MAX];
  private final int[] free = new int[UNDER_WAY_MAX];
  private int freeCount = UNDER_WAY_MAX;
  private final Lane lane = new Lane(true);

  DirectLane(
      String name, Virtqueue queue, Executor executor, Workers workers, RingMaker ringMaker) {
    this.ringMaker = ringMaker;
    this.name = name;
    this.queue = queue;
    this.executor = executor;
    this.workers = workers;
    for (int i = 0; i < UNDER_WAY_MAX; i++) {
      free[i] = UNDER_WAY_MAX - 1 - i;
    }
  }

  /**
   * Hands a request over; it may be begun only at the next {@link #kick}.
   *
   * @return false where this does no requests
   */
  synchronized boolean submit(BlkRequest request) {
    if (unusable || closed || wake == null && !start()) {
      return false;
    }
    if (waitingCount == waiting.length) {
      waiting = Arrays.copyOf(waiting, 2 * waitingCount);
    }
    waiting[waitingCount++] = request;
    return true;
  }

  private boolean start() {
    try {
      wake = EventFd.create();
    } catch (LinuxException e) {
      unusable = true;
      return false;
    }
    Thread.ofPlatform().daemon().name(name).start(this::run);
    return true;
  }

  /** Sees to it that what was handed over is begun. */
  void kick() {
    EventFd sleeper = null;
    synchronized (this) {
      if (sleeping && waitingCount > 0) {
        sleeping = false;
        sleeper = wake;
      }
    }
    if (sleeper != null) {
      sleeper.signal();
    }
  }

  private void run() {
    try (IoUring ring = ringMaker.make(2 * UNDER_WAY_MAX)) {
      ring.awaitEvent(wake, WAKE_TOKEN);
      serve(ring);
    } catch (LinuxException e) {
      log.info("No io_uring for {}, threads do its work instead: {}", name, e.getMessage());
      giveUp();
    } finally {
      wake.close();
    }
  }

  private void serve(IoUring ring) throws LinuxException {
    while (true) {
      try {
        int count = takeWaiting();
        for (int i = 0; i < count; i++) {
          begin(ring, taken[i]);
        }
        int minComplete = minComplete();
        if (minComplete < 0) {
          return;
        }
        ring.submit(minComplete);
        answer(ring);
      } catch (InternalError e) {
        // Memory whose file was truncated may be reported late, after the request was answered.
      }
    }
  }

  private void answer(IoUring ring) {
    boolean answered = false;
    while (ring.next()) {
      if (ring.token() == WAKE_TOKEN) {
        wake.drain();
        ring.awaitEvent(wake, WAKE_TOKEN);
      } else {
        answered |= completed(ring, (int) ring.token(), ring.result());
      }
    }
    if (answered) {
      queue.publish();
    }
  }

  /** As many as there is room for; the others wait on. */
  private synchronized int takeWaiting() {
    int count = Math.min(waitingCount, freeCount);
    if (taken.length < count) {
      taken = new BlkRequest[waiting.length];
    }
    System.arraycopy(waiting, 0, taken, 0, count);
    waitingCount -= count;
    System.arraycopy(waiting, count, waiting, 0, waitingCount);
    return count;
  }

  /** How many completions to wait for; -1 where it is over. From here on a kick wakes. */
  private synchronized int minComplete() {
    if (closed && waitingCount == 0 && freeCount == UNDER_WAY_MAX) {
      return -1;
    }
    sleeping = waitingCount == 0 || freeCount == 0;
    return sleeping ? 1 : 0;
  }

  private void begin(IoUring ring, BlkRequest request) {
    int slot = free[--freeCount];
    if (vectors[slot] == null) {
      vectors[slot] = new IoVector(PIECES_MAX);
    }
    if (executor.gather(request, vectors[slot])) {
      underWay[slot] = request;
      executor.prepare(ring, request, vectors[slot], slot);
    } else {
      free[freeCount++] = slot;
      workers.submit(request);
    }
  }

  /** Goes on where the kernel did only a part; otherwise answers. */
  private boolean completed(IoUring ring, int slot, int result) {
    BlkRequest request = underWay[slot];
    IoVector vector = vectors[slot];
    if (result > 0) {
      vector.advance(result);
    }
    boolean again =
        result > 0 && vector.sizeBytes() > 0
            || result == -LinuxException.EINTR
            || result == -LinuxException.EAGAIN;
    if (again) {
      executor.prepare(ring, request, vector, slot);
      return false;
    }
    underWay[slot] = null;
    free[freeCount++] = slot;
    executor.answer(request, result > 0 ? 0 : result == 0 ? -BlockFile.EIO : result, lane);
    return true;
  }

  /** The ring is closed; what the kernel had begun has failed. */
  private synchronized void giveUp() {
    unusable = true;
    for (BlkRequest request : underWay) {
      if (request != null) {
        executor.answer(request, -BlockFile.EIO, lane);
      }
    }
    queue.publish();
    for (int i = 0; i < waitingCount; i++) {
      workers.submit(waiting[i]);
    }
    waitingCount = 0;
  }

  /** Ends the thread; no request is out. */
  @Override
  public void close() {
    EventFd sleeper;
    synchronized (this) {
      closed = true;
      sleeper = wake;
    }
    if (sleeper != null) {
      sleeper.signal();
    }
  }
}
