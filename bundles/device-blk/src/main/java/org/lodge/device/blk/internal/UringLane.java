package org.lodge.device.blk.internal;

import java.util.Arrays;
import org.lodge.linux.BlockFile;
import org.lodge.linux.EventFd;
import org.lodge.linux.IoUring;
import org.lodge.linux.IoVector;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.Pending;
import org.lodge.virtio.Virtqueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does one queue's reads and writes through io_uring, as many at once as the driver asks for: a
 * call of the kernel begins several, and what is cached has ended by then. The queue's thread
 * begins them and answers them; no other thread is woken. The ring is made with the first request;
 * where the kernel has none, others do the work for good.
 *
 * <p>Belongs to the queue's thread but for {@link #end}. Nothing is allocated per request once as
 * many have been out at once as ever will be.
 */
final class UringLane implements Pending {
  private static final Logger log = LoggerFactory.getLogger(UringLane.class);
  private static final int UNDER_WAY_MAX = 256;
  private static final int PIECES_MAX = 260;

  /** A driver that never pauses must not keep the kernel waiting for more. */
  private static final int BEGIN_AT_ONCE = 8;

  /**
   * What is begun by one call the kernel merges where it can, and a disk does few large requests
   * slower than many.
   */
  private static final int BEGIN_AT_ONCE_BYTES = 128 << 10;

  /** Makes the ring, on the thread that it belongs to. */
  interface RingMaker {
    IoUring make(int entries) throws LinuxException;
  }

  private final Virtqueue queue;
  private final Executor executor;
  private final Workers workers;
  private final RingMaker ringMaker;

  private IoUring ring;
  private EventFd event;
  private boolean unusable;
  private volatile boolean ended;

  /** Those that found no room. */
  private BlkRequest[] waiting = new BlkRequest[64];

  private int waitingCount;
  private int prepared;
  private long preparedBytes;
  private final BlkRequest[] underWay = new BlkRequest[UNDER_WAY_MAX];
  private final IoVector[] vectors = new IoVector[UNDER_WAY_MAX];
  private final int[] free = new int[UNDER_WAY_MAX];
  private int freeCount = UNDER_WAY_MAX;
  private final Lane lane = new Lane(true);

  UringLane(Virtqueue queue, Executor executor, Workers workers, RingMaker ringMaker) {
    this.ringMaker = ringMaker;
    this.queue = queue;
    this.executor = executor;
    this.workers = workers;
    for (int i = 0; i < UNDER_WAY_MAX; i++) {
      free[i] = UNDER_WAY_MAX - 1 - i;
    }
  }

  /** Whether there is a ring, or one can be made. */
  boolean isUsable() {
    return ring != null || !unusable && start();
  }

  /** Does a request; it may be begun only at the next {@link #turn}. */
  void submit(BlkRequest request) {
    if (!isUsable()) {
      workers.submit(request);
    } else if (freeCount > 0) {
      begin(request);
      if (prepared >= BEGIN_AT_ONCE || preparedBytes >= BEGIN_AT_ONCE_BYTES) {
        turn();
      }
    } else {
      if (waitingCount == waiting.length) {
        waiting = Arrays.copyOf(waiting, 2 * waitingCount);
      }
      waiting[waitingCount++] = request;
    }
  }

  private boolean start() {
    try {
      event = EventFd.create();
      ring = ringMaker.make(UNDER_WAY_MAX);
      ring.signalEnds(event);
      if (queue.attend(this)) {
        return true;
      }
      log.debug("The transport attends nothing of {}", queue.index());
    } catch (LinuxException e) {
      log.info("No io_uring, threads do its work instead: {}", e.getMessage());
    }
    unusable = true;
    close();
    return false;
  }

  private void begin(BlkRequest request) {
    if (ended) {
      // Its file is closed, and nobody waits for it.
      executor.answer(request, -BlockFile.EIO, lane);
      return;
    }
    int slot = free[--freeCount];
    if (vectors[slot] == null) {
      vectors[slot] = new IoVector(PIECES_MAX);
    }
    if (executor.gather(request, vectors[slot])) {
      underWay[slot] = request;
      prepare(slot);
    } else {
      free[freeCount++] = slot;
      workers.submit(request);
    }
  }

  private void prepare(int slot) {
    executor.prepare(ring, underWay[slot], vectors[slot], slot);
    prepared++;
    preparedBytes += vectors[slot].sizeBytes();
  }

  /** Whether something is to be begun or answered. */
  private boolean hasWork() {
    return ring != null && (prepared > 0 || ring.hasEnded());
  }

  /**
   * Begins what was submitted and answers what has ended, as long as there is any of that. Leaves
   * it to the caller to publish the queue.
   */
  void turn() {
    if (hasWork()) {
      work();
    }
  }

  private void work() {
    try {
      do {
        prepared = 0;
        preparedBytes = 0;
        ring.submit(0);
        while (ring.next()) {
          completed((int) ring.token(), ring.result());
        }
        beginWaiting();
      } while (hasWork());
    } catch (LinuxException e) {
      log.error("The kernel takes no requests any more, threads do the work: {}", e.getMessage());
      giveUp();
    }
  }

  /** Goes on where the kernel did only a part; otherwise answers. */
  private void completed(int slot, int result) {
    BlkRequest request = underWay[slot];
    IoVector vector = vectors[slot];
    if (result > 0) {
      vector.advance(result);
    }
    boolean again =
        result > 0 && vector.sizeBytes() > 0
            || result == -LinuxException.EINTR
            || result == -LinuxException.EAGAIN;
    if (again && !ended) {
      prepare(slot);
      return;
    }
    underWay[slot] = null;
    free[freeCount++] = slot;
    executor.answer(request, result > 0 && !again ? 0 : result < 0 ? result : -BlockFile.EIO, lane);
  }

  private void beginWaiting() {
    int begun = 0;
    while (begun < waitingCount && freeCount > 0) {
      begin(waiting[begun++]);
    }
    waitingCount -= begun;
    System.arraycopy(waiting, begun, waiting, 0, waitingCount);
  }

  /** What the kernel had begun has failed, as far as anyone can tell. */
  private void giveUp() {
    unusable = true;
    for (int slot = 0; slot < UNDER_WAY_MAX; slot++) {
      if (underWay[slot] != null) {
        executor.answer(underWay[slot], -BlockFile.EIO, lane);
        underWay[slot] = null;
      }
    }
    queue.publish();
    for (int i = 0; i < waitingCount; i++) {
      workers.submit(waiting[i]);
    }
    waitingCount = 0;
    freeCount = UNDER_WAY_MAX;
    ring.close();
    ring = null;
    // The thread lets go of this then.
    event.signal();
  }

  @Override
  public EventFd event() {
    return event;
  }

  @Override
  public boolean hasEnded() {
    return ring != null && ring.hasEnded();
  }

  @Override
  public boolean finish() {
    if (ring != null) {
      work();
      queue.publish();
    }
    return ring != null && !(ended && freeCount == UNDER_WAY_MAX);
  }

  /** The device serves no more. What is under way goes on, and all is closed after it. */
  void end() {
    ended = true;
    EventFd sleeper = event;
    if (sleeper != null) {
      sleeper.signal();
    }
  }

  @Override
  public void close() {
    if (ring != null) {
      ring.close();
      ring = null;
    }
    if (event != null) {
      event.close();
    }
  }
}
