package org.lodge.virtio.internal;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;

/**
 * The requests of one ring: free ones, those that a device has, those that were handed back, and
 * the memory they hold. Its monitor guards all of it and the ring's used side; every method but
 * {@link #awaitIdle} and {@link #hasAgain} is called with it held.
 */
final class Requests {
  /** How many free chains stay large: enough for a queue's usual depth, little for each ring. */
  private static final int LARGE_MAX = 32;

  private final AbstractRing ring;

  /** The last freed is the first taken; those never made yet are null, and below all others. */
  private final Chain[] free;

  private int freeCount;
  private int made;
  private int large;
  private final boolean[] idTaken;
  private final ArrayDeque<Chain> again = new ArrayDeque<>();
  private volatile boolean hasAgain;
  private MemoryUse use;
  private int inFlight;
  private long sequence;
  private long taken;
  private long resubmitted;

  Requests(AbstractRing ring, int size, Memory memory) {
    this.ring = ring;
    idTaken = new boolean[size];
    free = new Chain[size];
    freeCount = size;
    use = new MemoryUse(memory);
  }

  /** A chain for the request with this head or id, which must not be in flight. */
  Chain take(int id) throws RingException {
    if (idTaken[id]) {
      throw new RingException(RingFault.HEAD_ALREADY_IN_FLIGHT, "head or buffer id " + id);
    }
    Chain chain = takeFree();
    idTaken[id] = true;
    chain.use = use;
    chain.out = true;
    chain.sequence = sequence++;
    use.requests++;
    inFlight++;
    taken++;
    return chain;
  }

  private Chain takeFree() {
    Chain chain = free[--freeCount];
    if (chain == null) {
      return new Chain(ring, made++);
    }
    if (chain.isLarge()) {
      large--;
    }
    return chain;
  }

  private void giveFree(Chain chain) {
    if (chain.isLarge()) {
      if (large == LARGE_MAX) {
        chain.shrink();
      } else {
        large++;
      }
    }
    free[freeCount++] = chain;
  }

  void untake(Chain chain, int id) {
    chain.id = id;
    taken--;
    sequence--;
    free(chain);
  }

  void free(Chain chain) {
    chain.out = false;
    idTaken[chain.id] = false;
    giveFree(chain);
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
   * Lets a request that an earlier ring had taken be the next ones to give out.
   *
   * @param order among its kind
   */
  void resubmit(Chain chain, int order) {
    chain.out = false;
    chain.sequence = Long.MIN_VALUE + order;
    inFlight--;
    sequence--;
    taken--;
    again.addLast(chain);
    hasAgain = true;
  }

  void handBack(Chain chain) {
    chain.out = false;
    again.addLast(chain);
    hasAgain = true;
    if (--inFlight == 0) {
      notifyAll();
    }
  }

  boolean hasAgain() {
    return hasAgain;
  }

  /** Gives out the first of those that were handed back, in the memory of now. */
  Chain nextAgain() throws RingException {
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
    taken++;
    resubmitted++;
    return chain;
  }

  void sortAgain() {
    List<Chain> inOrder = new ArrayList<>(again);
    inOrder.sort(Comparator.comparingLong(chain -> chain.sequence));
    again.clear();
    again.addAll(inOrder);
  }

  /** Requests that were handed back and are the last ones taken: as if never taken. */
  void untakeLast(Consumer<Chain> rewind) {
    sortAgain();
    while (!again.isEmpty() && again.peekLast().sequence == sequence - 1) {
      Chain chain = again.pollLast();
      sequence--;
      rewind.accept(chain);
      inFlight++;
      free(chain);
    }
  }

  /** Goes on in other memory. */
  void moveTo(Memory memory) {
    MemoryUse before = use;
    use = new MemoryUse(memory);
    retire(before);
  }

  /** Nothing is given out any more. */
  void end() {
    again.forEach(chain -> leave(chain.use));
    again.clear();
    hasAgain = false;
  }

  /** Memory is held only for what is out. */
  void retire() {
    if (!use.retired) {
      retire(use);
    }
  }

  private static void retire(MemoryUse use) {
    use.retired = true;
    if (use.over()) {
      use.memory.release();
    }
  }

  /** The memory of now; may be asked without the monitor by whoever serves. */
  Memory memory() {
    return use.memory;
  }

  int inFlight() {
    return inFlight;
  }

  long taken() {
    return taken;
  }

  long resubmitted() {
    return resubmitted;
  }

  synchronized boolean awaitIdle(Duration limit) {
    long deadline = System.nanoTime() + limit.toNanos();
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
