package org.lodge.vhostuser.internal;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.linux.Epoll;
import org.lodge.linux.EventFd;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.Device;
import org.lodge.virtio.Pending;
import org.lodge.virtio.RingException;
import org.lodge.virtio.ring.Ring;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Serves all rings of one device: waits for kicks, and lets the device that is current then take
 * what is there; and sees to the ends of what devices have begun elsewhere. A platform thread,
 * because it blocks in the kernel; nothing is allocated per request, and nothing is shared with
 * another guest.
 */
final class QueueThread {
  private static final Logger log = LoggerFactory.getLogger(QueueThread.class);
  private static final long WAKE_TOKEN = -1;

  /** Above the indices of rings. */
  private static final long FIRST_PENDING = 1 << 16;

  private static final String MEMORY_GONE = "guest memory is gone: its file was truncated";
  private static final int MAX_QUEUES = 256;
  private static final int STOP_MILLIS = 100;

  /** What happens to rings, told on the queue thread. */
  interface Events {
    void ringBroken(Vring vring, String sentence);

    /** A device that was waited for in vain has come back. */
    default void cameBack() {}
  }

  private final Epoll epoll;
  private final EventFd wake;
  private final AtomicReferenceArray<Vring> watched;
  private final Events events;
  private volatile boolean stopping;

  /** Above the highest index ever watched. */
  private volatile int used;

  private final AtomicInteger watching = new AtomicInteger();

  /** What devices have begun and not ended; some may be of devices that serve no more. */
  private Pending[] pending = new Pending[4];

  private int pendingCount;

  private final CountDownLatch served = new CountDownLatch(1);

  /** Held while a device serves, so that none serves after its turn. */
  private final ReentrantLock turn = new ReentrantLock();

  /** Counts turns; written by whoever has the turn. */
  private final AtomicInteger turns = new AtomicInteger();

  /** The turn that was waited for in vain last. */
  private volatile int missedTurn = -1;

  /** Somebody has to know when the turn ends. */
  private volatile boolean awaited;

  private volatile Device device;

  QueueThread(String guest, String name, Events events) throws LinuxException {
    this.events = events;
    watched = new AtomicReferenceArray<>(MAX_QUEUES);
    epoll = Epoll.create();
    wake = EventFd.create();
    epoll.add(wake, Epoll.READABLE, WAKE_TOKEN);
    Thread.ofPlatform()
        .daemon()
        .name("lodge-queue-" + guest + "-" + name)
        .start(() -> {
          MDC.put("guest", guest);
          MDC.put("device", name);
          run();
        });
  }

  /**
   * From now on this device is served; returns when no other is any more, or when a limit is over.
   *
   * @return false where another still is in its turn
   */
  boolean use(Device current, Duration limit) {
    boolean free = endsTurnWithin(limit);
    device = current;
    if (free) {
      turn.unlock();
      return true;
    }
    missedTurn = turns.get();
    awaited = true;
    // In this order: one that ends its turn now tells so.
    return !turn.isLocked();
  }

  private boolean endsTurnWithin(Duration limit) {
    try {
      return turn.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Which turn it is; to be asked before a wait for its end. */
  int turn() {
    return turns.get();
  }

  /** The end of a turn was waited for in vain, unless it was another's in between. */
  void missed(int turnBefore) {
    if (turns.get() == turnBefore) {
      missedTurn = turnBefore;
    }
  }

  /** Whether the device was waited for in vain, and is in its turn still. Any thread may ask. */
  boolean isStuck() {
    return missedTurn == turns.get() && turn.isLocked();
  }

  /** As {@link #isStuck}; that it has come back is told then. */
  boolean tellsReturn() {
    if (!isStuck()) {
      return false;
    }
    awaited = true;
    // In this order: one that ends its turn now tells so.
    return isStuck();
  }

  /** Returns when the device that is in its turn has come back. */
  void awaitTurn() {
    turn.lock();
    turn.unlock();
  }

  /** Begins to watch a ring's kicks and serves it once, because one may have come before. */
  void watch(Vring vring) throws LinuxException {
    used = Math.max(used, vring.index + 1);
    watched.set(vring.index, vring);
    epoll.add(vring.kick.fd(), Epoll.READABLE, vring.index);
    watching.incrementAndGet();
    vring.wakeAnew();
  }

  void unwatch(Vring vring) throws LinuxException {
    watched.set(vring.index, null);
    watching.decrementAndGet();
    epoll.remove(vring.kick.fd());
  }

  /** Whether there is a single ring, so that nobody waits while the thread lingers in it. */
  boolean servesOne() {
    return watching.get() == 1;
  }

  void wake() {
    wake.signal();
  }

  /** Attends what a device of this thread's has begun. On this thread. */
  boolean attend(Pending begun) {
    int slot = 0;
    while (slot < pending.length && pending[slot] != null) {
      slot++;
    }
    if (slot == pending.length) {
      pending = Arrays.copyOf(pending, 2 * slot);
    }
    try {
      epoll.add(begun.event(), Epoll.READABLE, FIRST_PENDING + slot);
    } catch (LinuxException e) {
      log.warn("What a device has begun can't be attended: {}", e.getMessage());
      return false;
    }
    pending[slot] = begun;
    pendingCount++;
    return true;
  }

  private void run() {
    try {
      while (!stopping) {
        await();
      }
      served.countDown();
      // The kernel may still write to the guest's memory, which is held for that long.
      while (pendingCount > 0) {
        await();
      }
    } catch (LinuxException e) {
      log.error("The queue thread has ended; no request is served any more", e);
    } finally {
      served.countDown();
      epoll.close();
      wake.close();
    }
  }

  private void await() throws LinuxException {
    int count = epoll.await(-1);
    try {
      turn(count);
    } catch (InternalError e) {
      // Reported late, so nobody knows for which ring.
      failAll();
    }
  }

  private void turn(int count) throws LinuxException {
    for (int i = 0; i < count; i++) {
      long token = epoll.token(i);
      if (token == WAKE_TOKEN) {
        wake.drain();
      } else if (token >= FIRST_PENDING) {
        ended((int) (token - FIRST_PENDING));
      } else {
        kicked(watched.get((int) token));
      }
    }
    serveWoken();
  }

  private void kicked(Vring vring) {
    if (vring == null) {
      return;
    }
    Held<EventFd> kick = vring.kick;
    if (kick != null) {
      kick.fd().drain();
      serve(vring);
    }
  }

  private void ended(int slot) throws LinuxException {
    Pending of = pending[slot];
    of.event().drain();
    beginTurn();
    try {
      if (of.finish()) {
        return;
      }
    } catch (InternalError e) {
      throw e;
    } catch (RuntimeException | Error e) {
      log.error("What a device has begun could not be finished", e);
    } finally {
      endTurn();
    }
    epoll.remove(of.event());
    pending[slot] = null;
    pendingCount--;
    of.close();
  }

  private void serveWoken() {
    for (int index = 0; index < used; index++) {
      Vring vring = watched.get(index);
      if (vring != null && vring.takeWake()) {
        vring.callIfDue();
        serve(vring);
      }
    }
  }

  private void serve(Vring vring) {
    Ring ring = vring.ring;
    if (ring == null) {
      return;
    }
    beginTurn();
    try {
      Device current = device;
      if (current != null) {
        ring.serve(current);
      }
    } catch (RingException e) {
      fail(vring, ring, e.getMessage());
    } catch (InternalError e) {
      fail(vring, ring, MEMORY_GONE);
    } catch (RuntimeException | Error e) {
      log.error("The device failed in queue {}", vring.index, e);
      fail(vring, ring, "the device failed: " + e);
    } finally {
      endTurn();
    }
  }

  private void beginTurn() {
    turn.lock();
  }

  private void endTurn() {
    // Before another begins, which nobody has waited for in vain.
    turns.lazySet(turns.getPlain() + 1);
    turn.unlock();
    if (awaited) {
      awaited = false;
      events.cameBack();
    }
  }

  private void failAll() {
    for (int index = 0; index < used; index++) {
      Vring vring = watched.get(index);
      if (vring != null) {
        fail(vring, vring.ring, MEMORY_GONE);
      }
    }
  }

  /** Says nothing of a ring that was closed meanwhile. */
  private void fail(Vring vring, Ring ring, String reason) {
    if (ring == null || vring.ring != ring) {
      return;
    }
    ring.fail();
    events.ringBroken(
        vring, "queue %d is broken until the driver resets it: %s".formatted(vring.index, reason));
  }

  /**
   * Serves no more after the current turn; the thread ends once nothing is pending. Does not wait
   * for a device that was waited for in vain before.
   */
  void stop() {
    stopping = true;
    wake.signal();
    boolean interrupted = false;
    boolean done = false;
    while (!done && !isStuck()) {
      try {
        done = served.await(STOP_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
