package org.lodge.vhostuser.internal;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.linux.EventFd;
import org.lodge.vhostuser.BackendStatus.RingStatus;
import org.lodge.virtio.Pending;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingCounters;
import org.lodge.virtio.ring.RingPort;

/**
 * One ring as the front-end sets it up, message by message and in whatever order. Written by the
 * control thread; the queue thread reads what is volatile.
 */
final class Vring implements RingPort {
  final int index;

  int size;
  long descriptorUserAddress;
  long driverUserAddress;
  long deviceUserAddress;
  boolean addressed;
  int base;
  boolean enabled;

  /** Whether requests are to be served, which without protocol features needs no message. */
  volatile boolean serving;

  volatile Held<EventFd> kick;
  volatile Held<EventFd> error;

  /** Ours, where the front-end keeps no inflight area; null otherwise. */
  InflightArea ownInflight;

  /** Closed with a position that is not on record yet; see {@link VringSet#recorded}. */
  boolean unsettled;

  volatile Ring ring;

  /** Why the ring that is open is broken, as far as was told; of no meaning while it is not. */
  volatile String trouble;

  private volatile Held<EventFd> call;

  /** Replaced while a thread was still in it. */
  private final List<EventFd> leaving = new CopyOnWriteArrayList<>();

  /** The front-end has held a thread that called: none calls any more. */
  private volatile boolean muted;

  private volatile boolean callDue;
  private final AtomicBoolean wakeWanted = new AtomicBoolean();
  private final QueueThread queueThread;

  Vring(int index, QueueThread queueThread) {
    this.index = index;
    this.queueThread = queueThread;
  }

  Held<EventFd> callDescriptor() {
    return call;
  }

  /**
   * Replaces where the driver is notified and notifies it once: a notification that went to the
   * former descriptor in between may have been lost, one too many does no harm.
   */
  void replaceCall(Held<EventFd> replacement) {
    Held<EventFd> former = call;
    call = replacement;
    if (former != null) {
      leaving.removeIf(each -> !each.isCalled());
      leaving.add(former.fd());
      former.drop();
    }
    if (replacement != null && ring != null && !muted) {
      replacement.fd().signal();
    }
  }

  /** As {@link #replaceCall} without dropping anything from the store. */
  void restoreCall(Held<EventFd> restored) {
    call = restored;
  }

  @Override
  public void call() {
    if (muted) {
      return;
    }
    Held<EventFd> target = call;
    while (target != null && !target.fd().signal()) {
      Held<EventFd> now = call;
      if (now == target) {
        return;
      }
      target = now;
    }
  }

  @Override
  public void wake() {
    if (wakeWanted.compareAndSet(false, true)) {
      queueThread.wake();
    }
  }

  /** Has the queue thread call: a front-end may hold whoever does. */
  void callLater() {
    callDue = true;
    wakeAnew();
  }

  void callIfDue() {
    if (callDue) {
      callDue = false;
      call();
    }
  }

  /**
   * Frees threads that the front-end holds by a counter that is full and made blocking: of other
   * guests' too, as their requests may be answered here. The ring is broken then.
   *
   * @return whether there were any
   */
  boolean freeHeld() {
    Held<EventFd> ofCalls = call;
    Held<EventFd> ofErrors = error;
    boolean held = ofCalls != null && ofCalls.fd().freeHeld();
    held |= ofErrors != null && ofErrors.fd().freeHeld();
    for (EventFd each : leaving) {
      held |= each.freeHeld();
    }
    Ring open = ring;
    if (held) {
      muted = true;
      if (open != null) {
        open.fail();
      }
    }
    return held;
  }

  /** As {@link #wake}, also where one was asked for while nobody watched and so came to nothing. */
  void wakeAnew() {
    wakeWanted.set(true);
    queueThread.wake();
  }

  @Override
  public boolean attend(Pending pending) {
    return queueThread.attend(pending);
  }

  @Override
  public boolean mayLinger() {
    return queueThread.servesOne();
  }

  /** Whether {@link #wake} was called since the last time. */
  boolean takeWake() {
    return wakeWanted.get() && wakeWanted.getAndSet(false);
  }

  /** Tells the front-end that this ring is broken. */
  void signalError() {
    Held<EventFd> target = error;
    if (target != null && !muted) {
      target.fd().signal();
    }
  }

  /** Why the ring is served no more; empty while it is served. Any thread may ask. */
  Optional<String> trouble() {
    Ring open = ring;
    if (open == null || !open.broken()) {
      return Optional.empty();
    }
    String told = trouble;
    return Optional.of(
        told != null ? told : "queue %d is broken until the driver resets it".formatted(index));
  }

  /** Empty while the ring is not open. Any thread may ask. */
  Optional<RingStatus> status() {
    Ring open = ring;
    if (open == null) {
      return Optional.empty();
    }
    RingCounters counters = open.counters();
    return Optional.of(
        new RingStatus(
            index,
            open.size(),
            serving,
            open.broken(),
            open.inFlight(),
            counters.taken(),
            counters.completed(),
            counters.calls(),
            counters.callsSpared()));
  }

  /** Drops what the front-end gives anew with each start. */
  void dropKickAndCall() {
    Held.drop(kick);
    kick = null;
    replaceCall(null);
  }

  /** Forgets all, as if the front-end had never set this ring up. */
  void reset() {
    dropKickAndCall();
    Held.drop(error);
    error = null;
    muted = false;
    addressed = false;
    enabled = false;
    size = 0;
    base = 0;
  }

  void closeDescriptors() {
    Held.close(kick);
    Held.close(call);
    Held.close(error);
    kick = null;
    call = null;
    error = null;
  }
}
