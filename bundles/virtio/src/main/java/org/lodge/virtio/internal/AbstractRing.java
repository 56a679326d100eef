package org.lodge.virtio.internal;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.virtio.Device;
import org.lodge.virtio.Feature;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.ring.GuestMemory;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingCounters;
import org.lodge.virtio.ring.RingPort;
import org.lodge.virtio.ring.RingPosition;
import org.lodge.virtio.ring.RingSetup;

/**
 * What split and packed rings share: who may touch the ring when, requests and their memory, and
 * the ends of a ring.
 *
 * <p>Two locks: {@code serving} is held while a device is in serve, {@code this} guards the used
 * side and all bookkeeping and is held for a few stores only. The available side belongs to the
 * holder of {@code serving}. {@code this} is taken last; neither is held when the port is called.
 */
abstract class AbstractRing implements Ring {
  final RingSetup setup;
  final int size;
  final boolean eventIdx;
  final boolean indirect;
  MemoryUse use;

  private final RingPort port;
  private final ReentrantLock serving = new ReentrantLock();
  private final Chain[] free;
  private int freeCount;
  private final boolean[] idInFlight;
  private final ArrayDeque<Chain> again = new ArrayDeque<>();
  private volatile boolean hasAgain;
  private int inFlight;
  private long sequence;
  private volatile RingException fault;
  private boolean sawEmpty;

  private volatile boolean paused;
  private volatile boolean broken;
  private volatile boolean closed;
  private volatile Thread server;

  private long taken;
  private long completed;
  private long calls;
  private long callsSpared;
  private long lateCompletions;
  private long resubmitted;

  AbstractRing(RingSetup setup, Memory memory, RingPort port) {
    this.setup = setup;
    this.port = port;
    size = setup.size();
    eventIdx = Feature.EVENT_IDX.in(setup.acceptedFeatures());
    indirect = Feature.INDIRECT_DESC.in(setup.acceptedFeatures());
    idInFlight = new boolean[size];
    free = new Chain[size];
    for (int slot = size - 1; slot >= 0; slot--) {
      free[freeCount++] = new Chain(this, slot);
    }
    use = new MemoryUse(memory);
  }

  /** Takes the next available chain, copied, checked and translated; null where there is none. */
  abstract Chain fetch() throws RingException;

  abstract void disableNotifications();

  /** Asks the driver to notify, and looks once more: whether something is available after all. */
  abstract boolean enableNotifications();

  /** Writes a used element that the driver does not see yet. */
  abstract void putUsed(Chain chain, int writtenBytes);

  /**
   * Shows the driver all used elements.
   *
   * @return whether the driver wants a notification
   */
  abstract boolean publishUsed();

  /** Whether {@link #putUsed} was called since the last {@link #publishUsed}. */
  abstract boolean hasUnpublished();

  abstract void locate(Memory memory) throws RingException;

  abstract RingPosition where();

  /** Goes back to where a chain was taken. */
  abstract void rewindTo(Chain chain);

  /** The last word to the inflight area: it has nothing to tell to a later ring. */
  abstract void forgetInflight();

  @Override
  public final void serve(Device device) throws RingException {
    serving.lock();
    try {
      if (fault != null) {
        RingException first = fault;
        fault = null;
        throw first;
      }
      if (stopped()) {
        return;
      }
      server = Thread.currentThread();
      do {
        sawEmpty = false;
        disableNotifications();
        device.serve(this);
        publish();
      } while (sawEmpty && !stopped() && enableNotifications());
    } catch (RingException | RuntimeException e) {
      broken = true;
      publish();
      throw e;
    } catch (InternalError e) {
      broken = true;
      throw memoryFault();
    } finally {
      server = null;
      serving.unlock();
    }
  }

  @Override
  public final Chain poll() throws RingException {
    if (stopped()) {
      return null;
    }
    try {
      Chain chain = nextAgain();
      if (chain == null) {
        chain = fetch();
      }
      sawEmpty = chain == null;
      return chain;
    } catch (RingException e) {
      broken = true;
      throw e;
    } catch (InternalError e) {
      broken = true;
      throw memoryFault();
    }
  }

  private Chain nextAgain() throws RingException {
    if (!hasAgain) {
      return null;
    }
    synchronized (this) {
      Chain chain = again.peekFirst();
      chain.translate(use.memory);
      again.removeFirst();
      hasAgain = !again.isEmpty();
      if (chain.use != use) {
        use.requests++;
        leave(chain.use);
        chain.use = use;
      }
      chain.out = true;
      inFlight++;
      resubmitted++;
      taken++;
      return chain;
    }
  }

  /** A chain for the request with this head or id, which must not be in flight. */
  final synchronized Chain take(int id) throws RingException {
    if (idInFlight[id]) {
      throw new RingException(RingFault.HEAD_ALREADY_IN_FLIGHT, "head or buffer id " + id);
    }
    Chain chain = free[--freeCount];
    idInFlight[id] = true;
    chain.use = use;
    chain.out = true;
    chain.sequence = sequence++;
    use.requests++;
    inFlight++;
    taken++;
    return chain;
  }

  final synchronized void untake(Chain chain, int id) {
    chain.id = id;
    taken--;
    free(chain);
  }

  private void free(Chain chain) {
    chain.out = false;
    idInFlight[chain.id] = false;
    free[freeCount++] = chain;
    leave(chain.use);
    if (--inFlight == 0) {
      notifyAll();
    }
  }

  private static void leave(MemoryUse use) {
    use.requests--;
    if (use.over()) {
      use.memory.release();
    }
  }

  /**
   * Puts a request that an earlier ring had taken in front of the queue.
   *
   * @param order among its kind
   */
  final synchronized void resubmit(Chain chain, int order) {
    chain.out = false;
    chain.sequence = Long.MIN_VALUE + order;
    inFlight--;
    sequence--;
    taken--;
    again.addLast(chain);
    hasAgain = true;
  }

  final void complete(Chain chain, long writtenBytes, boolean batched) {
    if (writtenBytes < 0 || writtenBytes > chain.writableBytes()) {
      throw new IllegalArgumentException(
          "%d bytes written of %d".formatted(writtenBytes, chain.writableBytes()));
    }
    boolean call = false;
    synchronized (this) {
      checkOut(chain);
      if (closed) {
        lateCompletions++;
        free(chain);
        return;
      }
      try {
        putUsed(chain, (int) writtenBytes);
        free(chain);
        completed++;
        call = !batched && publishLocked();
      } catch (InternalError e) {
        faulted();
        return;
      }
    }
    if (call) {
      port.call();
    }
  }

  final synchronized void handBack(Chain chain) {
    checkOut(chain);
    if (closed) {
      lateCompletions++;
      free(chain);
      return;
    }
    chain.out = false;
    again.addLast(chain);
    hasAgain = true;
    if (--inFlight == 0) {
      notifyAll();
    }
  }

  private void checkOut(Chain chain) {
    if (!chain.out) {
      throw new IllegalStateException(
          "queue %d: request in slot %d was completed twice".formatted(index(), chain.slot()));
    }
  }

  @Override
  public final void publish() {
    boolean call;
    synchronized (this) {
      if (closed || !hasUnpublished()) {
        return;
      }
      try {
        call = publishLocked();
      } catch (InternalError e) {
        faulted();
        return;
      }
    }
    if (call) {
      port.call();
    }
  }

  private boolean publishLocked() {
    boolean call = publishUsed();
    if (call) {
      calls++;
    } else {
      callsSpared++;
    }
    return call;
  }

  /** The ring's own memory is gone: the next serve says so. */
  private void faulted() {
    broken = true;
    fault = memoryFault();
    port.wake();
  }

  private RingException memoryFault() {
    return new RingException(
        RingFault.MEMORY_FAULT, "queue %d: the memory's file was truncated".formatted(index()));
  }

  @Override
  public final boolean awaitIdle(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
    synchronized (this) {
      while (inFlight > 0) {
        long leftMillis = (deadline - System.nanoTime() + 999_999) / 1_000_000;
        if (leftMillis <= 0) {
          return false;
        }
        try {
          wait(leftMillis);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return false;
        }
      }
      return true;
    }
  }

  @Override
  public final void pause() {
    paused = true;
    serving.lock();
    serving.unlock();
  }

  @Override
  public final void resume() {
    serving.lock();
    try {
      sortAgain();
      paused = false;
    } finally {
      serving.unlock();
    }
  }

  private synchronized void sortAgain() {
    List<Chain> inOrder = new ArrayList<>(again);
    inOrder.sort(Comparator.comparingLong(chain -> chain.sequence));
    again.clear();
    again.addAll(inOrder);
  }

  @Override
  public final void replaceMemory(GuestMemory memory) throws RingException {
    serving.lock();
    try {
      synchronized (this) {
        if (closed) {
          return;
        }
        retire(use);
        use = new MemoryUse((Memory) memory);
        try {
          locate(use.memory);
        } catch (RingException e) {
          broken = true;
          throw e;
        }
      }
    } finally {
      serving.unlock();
    }
  }

  private static void retire(MemoryUse use) {
    use.retired = true;
    if (use.over()) {
      use.memory.release();
    }
  }

  @Override
  public final RingPosition position() {
    serving.lock();
    try {
      synchronized (this) {
        return where();
      }
    } finally {
      serving.unlock();
    }
  }

  @Override
  public final RingPosition close() {
    paused = true;
    publish();
    serving.lock();
    try {
      synchronized (this) {
        if (!closed) {
          untakeHandedBack();
          if (inFlight == 0 && again.isEmpty()) {
            forgetInflight();
          }
          closed = true;
          again.forEach(chain -> leave(chain.use));
          again.clear();
          hasAgain = false;
          retire(use);
        }
        return where();
      }
    } finally {
      serving.unlock();
    }
  }

  /** Requests that were handed back and are the last ones taken: as if never taken. */
  private void untakeHandedBack() {
    sortAgain();
    while (!again.isEmpty() && again.peekLast().sequence == sequence - 1) {
      Chain chain = again.pollLast();
      sequence--;
      rewindTo(chain);
      inFlight++;
      free(chain);
    }
  }

  final void requireIndirect(int flags) throws RingException {
    if (!indirect) {
      throw new RingException(RingFault.INDIRECT_NOT_NEGOTIATED, "queue " + index());
    }
    if ((flags & Layouts.NEXT) != 0) {
      throw new RingException(RingFault.INDIRECT_WITH_NEXT, "queue " + index());
    }
  }

  private boolean stopped() {
    return paused || broken || closed;
  }

  /** Whether the caller is the thread that serves, whose completions are published in the end. */
  final boolean isServing() {
    return Thread.currentThread() == server;
  }

  @Override
  public final void fail() {
    broken = true;
  }

  @Override
  public final boolean broken() {
    return broken;
  }

  @Override
  public final int index() {
    return setup.index();
  }

  @Override
  public final int size() {
    return size;
  }

  @Override
  public final synchronized int inFlight() {
    return inFlight;
  }

  @Override
  public final void wake() {
    port.wake();
  }

  @Override
  public final synchronized RingCounters counters() {
    return new RingCounters(taken, completed, calls, callsSpared, lateCompletions, resubmitted);
  }
}
