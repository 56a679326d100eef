package org.lodge.virtio.internal;

import org.lodge.virtio.ring.RingCounters;
import org.lodge.virtio.ring.RingPort;

/**
 * The way of requests back to the driver: from any thread, batched or at once, dropped where the
 * ring was closed meanwhile. Guarded by the monitor of {@code requests}; the port is called without
 * it.
 */
final class Completions {
  private final AbstractRing ring;
  private final Requests requests;
  private final RingPort port;
  private boolean ended;
  private volatile boolean faulted;
  private long completed;
  private long calls;
  private long callsSpared;
  private long late;

  Completions(AbstractRing ring, Requests requests, RingPort port) {
    this.ring = ring;
    this.requests = requests;
    this.port = port;
  }

  void complete(Chain chain, long writtenBytes, boolean batched) {
    if (writtenBytes < 0 || writtenBytes > chain.writableBytes()) {
      throw new IllegalArgumentException(
          "%d bytes written of %d".formatted(writtenBytes, chain.writableBytes()));
    }
    boolean call = false;
    synchronized (requests) {
      if (tooLate(chain)) {
        return;
      }
      try {
        ring.putUsed(chain, (int) writtenBytes);
        completed++;
        call = !batched && show();
      } catch (InternalError e) {
        fault(e);
      }
      requests.free(chain);
    }
    tell(call);
  }

  void handBack(Chain chain) {
    synchronized (requests) {
      if (!tooLate(chain)) {
        requests.handBack(chain);
      }
    }
  }

  private boolean tooLate(Chain chain) {
    if (!chain.out) {
      throw new IllegalStateException(
          "queue %d: request in slot %d was completed twice".formatted(ring.index(), chain.slot()));
    }
    if (ended) {
      late++;
      requests.free(chain);
    }
    return ended;
  }

  void publish() {
    boolean call = false;
    synchronized (requests) {
      try {
        call = !ended && ring.hasUnpublished() && show();
      } catch (InternalError e) {
        fault(e);
      }
    }
    tell(call);
  }

  private boolean show() {
    boolean call = ring.publishUsed();
    if (call) {
      calls++;
    } else {
      callsSpared++;
    }
    return call;
  }

  private void fault(InternalError e) {
    ring.breakFor(e);
    faulted = true;
  }

  private void tell(boolean call) {
    if (call) {
      port.call();
    }
    if (faulted) {
      faulted = false;
      port.wake();
    }
  }

  /** Completions from now on are dropped. */
  void end() {
    ended = true;
  }

  RingCounters counters() {
    synchronized (requests) {
      return new RingCounters(
          requests.taken(), completed, calls, callsSpared, late, requests.resubmitted());
    }
  }
}
