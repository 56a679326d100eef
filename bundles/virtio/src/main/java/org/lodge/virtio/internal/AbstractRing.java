package org.lodge.virtio.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.virtio.Device;
import org.lodge.virtio.Feature;
import org.lodge.virtio.Pending;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.ring.GuestMemory;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingCounters;
import org.lodge.virtio.ring.RingPort;
import org.lodge.virtio.ring.RingPosition;
import org.lodge.virtio.ring.RingSetup;

/**
 * What split and packed rings share: who may touch the ring when, and its beginning and end.
 *
 * <p>Two locks: {@code serving} is held while a device is in serve, the monitor of {@code requests}
 * guards the used side and is held for a few stores only. The available side belongs to the holder
 * of {@code serving}. The monitor is taken last; it is not held when the port is called.
 */
abstract class AbstractRing implements Ring {
  private static final Duration MEMORY_LIMIT = Duration.ofSeconds(30);
  private static final int PAUSED = 1;
  private static final int BROKEN = 2;
  private static final int CLOSED = 4;
  private static final VarHandle STOPS;

  static {
    try {
      STOPS = MethodHandles.lookup().findVarHandle(AbstractRing.class, "stops", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final RingSetup setup;
  final int size;
  final boolean eventIdx;
  final Requests requests;
  final Completions completions;

  private final boolean indirect;
  private final RingPort port;
  private final ReentrantLock serving = new ReentrantLock();
  private final Spin spin = new Spin(this::sees, this::stopped);
  private boolean sawEmpty;

  /** The last that was attended, for as long as it may end; belongs to the thread that serves. */
  private Pending pending;

  private volatile RingException fault;

  /** Why nothing is served, as bits: one look for each request. */
  private volatile int stops;

  private volatile Thread server;

  AbstractRing(RingSetup setup, Memory memory, RingPort port) {
    this.setup = setup;
    this.port = port;
    size = setup.size();
    eventIdx = Feature.EVENT_IDX.in(setup.acceptedFeatures());
    indirect = Feature.INDIRECT_DESC.in(setup.acceptedFeatures());
    requests = new Requests(this, size, memory);
    completions = new Completions(this, requests, port);
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

  @Override
  public final void serve(Device device) throws RingException {
    serving.lock();
    try {
      throwPendingFault();
      if (stopped()) {
        return;
      }
      server = Thread.currentThread();
      spin.woken(System.nanoTime());
      do {
        sawEmpty = false;
        disableNotifications();
        device.serve(this);
        publish();
      } while (sawEmpty && !stopped() && (awaitWork() || enableNotifications()));
    } catch (RingException | RuntimeException e) {
      stop(BROKEN);
      publish();
      throw e;
    } catch (InternalError e) {
      stop(BROKEN);
      throw memoryFault();
    } finally {
      server = null;
      spin.asleep(System.nanoTime());
      serving.unlock();
      if (closed()) {
        serving.lock();
        letMemoryGo();
      }
    }
  }

  @Override
  public final boolean attend(Pending begun) {
    if (!isServing() || !port.attend(begun)) {
      return false;
    }
    pending = begun;
    return true;
  }

  private boolean sees() {
    return hasWork() || pending != null && pending.hasEnded();
  }

  private boolean awaitWork() {
    return port.mayLinger() && spin.seesWork();
  }

  private void throwPendingFault() throws RingException {
    RingException pending = fault;
    if (pending != null) {
      fault = null;
      throw pending;
    }
  }

  @Override
  public final Chain poll() throws RingException {
    if (stopped() || !isServing()) {
      return null;
    }
    try {
      Chain chain = requests.hasAgain() ? nextAgain() : fetch();
      sawEmpty = chain == null;
      return chain;
    } catch (RingException e) {
      stop(BROKEN);
      throw e;
    } catch (InternalError e) {
      stop(BROKEN);
      throw memoryFault();
    }
  }

  private Chain nextAgain() throws RingException {
    synchronized (requests) {
      return requests.nextAgain();
    }
  }

  @Override
  public final void publish() {
    completions.publish();
  }

  /** Serves no more; to be told by the next serve unless this one does. */
  final void breakFor(InternalError memoryIsGone) {
    stop(BROKEN);
    fault = memoryFault();
  }

  private RingException memoryFault() {
    return new RingException(
        RingFault.MEMORY_FAULT, "queue %d: the memory's file was truncated".formatted(index()));
  }

  final void requireIndirect(int flags) throws RingException {
    if (!indirect) {
      throw new RingException(RingFault.INDIRECT_NOT_NEGOTIATED, "queue " + index());
    }
    if ((flags & Layouts.NEXT) != 0) {
      throw new RingException(RingFault.INDIRECT_WITH_NEXT, "queue " + index());
    }
  }

  @Override
  public final void pause() {
    stop(PAUSED);
    serving.lock();
    serving.unlock();
  }

  @Override
  public final boolean pause(Duration limit) {
    stop(PAUSED);
    boolean free = servesNoneWithin(limit);
    if (free) {
      serving.unlock();
    }
    return free;
  }

  /** Then nobody serves until it is unlocked. */
  private boolean servesNoneWithin(Duration limit) {
    try {
      return serving.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public final void resume() {
    synchronized (requests) {
      requests.sortAgain();
      STOPS.getAndBitwiseAnd(this, ~PAUSED);
    }
  }

  @Override
  public final void replaceMemory(GuestMemory memory) throws RingException {
    if (!servesNoneWithin(MEMORY_LIMIT)) {
      stop(BROKEN);
      throw new RingException(
          RingFault.MEMORY_FAULT,
          "queue %d: the device does not come back from it, so its memory can't be replaced"
              .formatted(index()));
    }
    try {
      synchronized (requests) {
        if (!closed()) {
          requests.moveTo((Memory) memory);
          locate((Memory) memory);
        }
      }
    } catch (RingException e) {
      stop(BROKEN);
      throw e;
    } finally {
      serving.unlock();
    }
  }

  @Override
  public final RingPosition position() {
    serving.lock();
    try {
      synchronized (requests) {
        return where();
      }
    } finally {
      serving.unlock();
    }
  }

  @Override
  public final RingPosition close() {
    pause();
    return close(Duration.ZERO);
  }

  @Override
  public final RingPosition close(Duration limit) {
    stop(PAUSED);
    boolean free = servesNoneWithin(limit);
    try {
      publish();
      synchronized (requests) {
        if (!closed()) {
          end();
        }
        return where();
      }
    } finally {
      // Otherwise by whoever serves still, and may be about to look into it.
      if (free || serving.tryLock()) {
        letMemoryGo();
      }
    }
  }

  private void end() {
    try {
      requests.untakeLast(this::rewindTo);
    } catch (InternalError e) {
      stop(BROKEN);
    }
    stop(CLOSED);
    completions.end();
    requests.end();
  }

  /** Unlocks {@code serving}. */
  private void letMemoryGo() {
    try {
      synchronized (requests) {
        requests.retire();
      }
    } finally {
      serving.unlock();
    }
  }

  private void stop(int reason) {
    STOPS.getAndBitwiseOr(this, reason);
  }

  private boolean closed() {
    return (stops & CLOSED) != 0;
  }

  private boolean stopped() {
    return stops != 0;
  }

  /** Whether the caller is the thread that serves, whose completions are published in the end. */
  final boolean isServing() {
    return Thread.currentThread() == server;
  }

  @Override
  public final void fail() {
    stop(BROKEN);
  }

  @Override
  public final boolean broken() {
    return (stops & BROKEN) != 0;
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
  public final int inFlight() {
    synchronized (requests) {
      return requests.inFlight();
    }
  }

  @Override
  public final boolean awaitIdle(Duration limit) {
    return requests.awaitIdle(limit);
  }

  @Override
  public final void wake() {
    port.wake();
  }

  @Override
  public final RingCounters counters() {
    return completions.counters();
  }
}
