package org.lodge.vsock.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.internal.Deadlines.Deadline;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.HostEnd;
import org.lodge.vsock.link.Payload;

/**
 * One connection's end on the host: a program here reads and writes it, or another connection is
 * joined to it.
 *
 * <p>Everything that was said stays readable as state, so each event ends in {@link #settle}, which
 * looks at the state and does what is due, in whatever order the events came. Locks: those of
 * {@link Inbound} and {@link Outbound}; never one of two streams at once.
 */
final class Stream implements VsockStream, HostEnd, Peer {
  private static final int END_OF_MESSAGE = 1;

  private static final GuestEnd NOBODY =
      new GuestEnd() {
        @Override
        public int deliver(Payload payload, int offset, int length, int messageFlags) {
          return NOTHING;
        }

        @Override
        public void flush() {}

        @Override
        public void changed() {}
      };

  private final Endpoint endpoint;
  private final int guestPort;
  private final int hostPort;
  private final VsockType type;
  private final boolean fromHost;

  private volatile GuestEnd guestEnd = NOBODY;
  private final Inbound inbound = new Inbound();
  private final Outbound outbound = new Outbound();

  private volatile boolean accepted;
  private volatile boolean connected;
  private final AtomicBoolean resetByHost = new AtomicBoolean();
  private final AtomicInteger endedByHost = new AtomicInteger();
  private final AtomicInteger endedByGuest = new AtomicInteger();
  private volatile boolean gone;
  private volatile String broken;
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile Deadline farewell;
  private volatile Peer peer;
  private volatile Runnable whenOver = () -> {};
  private boolean messageEnded;

  Stream(Endpoint endpoint, int guestPort, int hostPort, VsockType type, boolean fromHost) {
    this.endpoint = endpoint;
    this.guestPort = guestPort;
    this.hostPort = hostPort;
    this.type = type;
    this.fromHost = fromHost;
    accepted = fromHost;
  }

  // What the host's programs do.

  @Override
  public int read(ByteBuffer into) throws IOException {
    requireNotJoined();
    if (!into.hasRemaining()) {
      return 0;
    }
    int start = into.position();
    Reading reading = new Reading(into);
    messageEnded = false;
    try {
      if (!inbound.awaitAndDrain(reading)) {
        if (broken != null) {
          throw new VsockException(broken);
        }
        return -1;
      }
    } catch (InterruptedException e) {
      throw interrupted("read");
    } catch (InternalError e) {
      fail("the memory of guest '%s' is gone".formatted(guest()));
      throw new VsockException(broken);
    }
    messageEnded = reading.messageEnded();
    guestEnd.changed();
    settle();
    return into.position() - start;
  }

  @Override
  public boolean messageEnded() {
    return messageEnded;
  }

  @Override
  public int available() {
    return inbound.availableBytes();
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    requireNotJoined();
    int flags = type == VsockType.SEQPACKET ? END_OF_MESSAGE : 0;
    if (!from.hasRemaining() && flags == 0) {
      return;
    }
    try {
      outbound.write(from, flags, () -> guestEnd, this::requireWritable);
    } catch (InterruptedException e) {
      throw interrupted("write");
    } catch (InternalError e) {
      fail("the memory of guest '%s' is gone".formatted(guest()));
      throw new VsockException(broken);
    }
  }

  @Override
  public boolean movesTo(VsockStream to) {
    return to instanceof Stream && type == VsockType.STREAM && to.type() == VsockType.STREAM;
  }

  @Override
  public int await() throws IOException {
    requireNotJoined();
    try {
      int bytes = inbound.await();
      if (bytes < 0) {
        requireNotBroken();
      }
      return bytes;
    } catch (InterruptedException e) {
      throw interrupted("await");
    }
  }

  @Override
  public void moveTo(VsockStream to, int bytes) throws IOException {
    requireNotJoined();
    Stream other = (Stream) to;
    other.requireNotJoined();
    if (available() < bytes) {
      throw new VsockException("%s has fewer than %d bytes".formatted(this, bytes));
    }
    long movedBytes = inbound.consumedBytes() + bytes;
    try {
      other.outbound.write(
          bytes,
          (end, done) -> inbound.drainTo(end::deliver, bytes - done),
          () -> other.guestEnd,
          () -> {
            other.requireWritable();
            requireNotBroken();
          });
    } catch (InterruptedException e) {
      throw interrupted("move");
    } catch (InternalError e) {
      String lost = "the memory of guest '%s' or '%s' is gone".formatted(guest(), other.guest());
      fail(lost);
      other.fail(lost);
      throw new VsockException(lost);
    } finally {
      inbound.drainTo(
          (p, o, length, f) -> length, (int) Math.max(0, movedBytes - inbound.consumedBytes()));
      guestEnd.changed();
      settle();
    }
  }

  private void requireNotBroken() throws VsockException {
    if (broken != null) {
      throw new VsockException(broken);
    }
  }

  private void requireWritable() throws VsockException {
    if (broken != null) {
      throw new VsockException(broken);
    }
    if (gone || (endedByGuest.get() & RECEIVE) != 0) {
      throw new VsockException("%s reads no more".formatted(this));
    }
    if ((endedByHost.get() & SEND) != 0) {
      throw new VsockException("%s was shut down for output".formatted(this));
    }
  }

  private void requireNotJoined() {
    if (peer != null) {
      throw new IllegalStateException(this + " is joined to " + peer);
    }
  }

  private InterruptedIOException interrupted(String what) {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("%s of %s was interrupted".formatted(what, this));
  }

  @Override
  public void shutdownOutput() {
    endByHost(SEND);
  }

  @Override
  public void shutdownInput() {
    inbound.discard();
    endByHost(RECEIVE);
  }

  @Override
  public void reset() {
    fail("%s was reset by the host".formatted(this));
  }

  @Override
  public void close() {
    boolean unread = inbound.discard();
    if (unread && !gone) {
      reset();
      return;
    }
    endByHost(BOTH);
    if (!gone && farewell == null) {
      farewell = endpoint.resetAfterFarewell(this);
    }
    settle();
  }

  // What the listener or the dialler does.

  void accept() throws VsockException {
    if (gone || broken != null) {
      throw new VsockException("%s has given up meanwhile".formatted(this));
    }
    accepted = true;
    guestEnd.changed();
  }

  /** Says yes for whom this is joined to from the beginning. */
  void acceptJoined(Peer other) {
    joinTo(other, () -> {});
    accepted = true;
  }

  void awaitConnected(Duration limit) throws IOException {
    try {
      boolean answered = outbound.await(limit, () -> connected || gone || broken != null);
      if (!connected) {
        throw new VsockException(
            answered
                ? "%s was refused: nobody listens there".formatted(this)
                : "%s was not answered within %d ms".formatted(this, limit.toMillis()));
      }
    } catch (InterruptedException e) {
      throw interrupted("connect");
    }
  }

  void joinTo(Peer other, Runnable whenOver) {
    this.whenOver = whenOver;
    peer = other;
    inbound.redirect(other::deliver);
  }

  // As the peer of another: what comes from there goes to this one's guest.

  @Override
  public int deliver(Payload payload, int offset, int length, int messageFlags) {
    return guestEnd.deliver(payload, offset, length, messageFlags);
  }

  @Override
  public void flushDelivered() {
    guestEnd.flush();
  }

  @Override
  public boolean isGone() {
    return gone;
  }

  @Override
  public boolean isEmpty() {
    return inbound.isEmpty();
  }

  @Override
  public void endOutput() {
    endByHost(SEND);
  }

  @Override
  public void endInput() {
    endByHost(RECEIVE);
  }

  boolean isJoinable() {
    return accepted && peer == null;
  }

  /** Whether it was reset, by whomever. */
  boolean isBroken() {
    return broken != null;
  }

  boolean isOver() {
    return over.get();
  }

  // What the guest does, told by the device.

  @Override
  public void bind(GuestEnd guestEnd) {
    this.guestEnd = guestEnd;
  }

  @Override
  public void connected() {
    connected = true;
    outbound.signal();
    Peer other = peer;
    if (other != null) {
      other.answered();
    }
  }

  @Override
  public void received(Payload payload, int length, int messageFlags) {
    Peer to = peer;
    if (endedByHost.get() == BOTH || to != null && to.isGone()) {
      fail("%s sent after the other side had closed".formatted(this));
      return;
    }
    try {
      if (!inbound.put(payload, length, messageFlags)) {
        fail("%s has more than %d messages unread".formatted(this, Inbound.BOUNDARIES_MAX));
      }
    } catch (InternalError e) {
      fail("the memory of guest '%s' or its peer is gone".formatted(guest()));
    }
  }

  @Override
  public void flush() {
    Peer to = peer;
    if (to == null) {
      inbound.signal();
    } else {
      to.flushDelivered();
    }
  }

  @Override
  public void ready() {
    Peer from = peer;
    if (from != null) {
      from.pump();
    }
    outbound.signal();
  }

  /** Moves what waits here on to the joined connection, as far as that takes it. */
  @Override
  public void pump() {
    Peer to = peer;
    long before = inbound.consumedBytes();
    try {
      inbound.drainTo(to::deliver);
    } catch (InternalError e) {
      fail("the memory of guest '%s' or its peer is gone".formatted(guest()));
    }
    to.flushDelivered();
    if (inbound.consumedBytes() != before) {
      guestEnd.changed();
    }
    settle();
  }

  @Override
  public void endedByGuest(int flags) {
    int now = endedByGuest.accumulateAndGet(flags, (had, more) -> had | more);
    if ((now & SEND) != 0) {
      inbound.end();
    }
    outbound.signal();
    settle();
  }

  @Override
  public void closed(boolean orderly) {
    if (orderly) {
      endedByGuest.set(BOTH);
      inbound.end();
    } else {
      if (broken == null) {
        broken = "%s was reset by the guest".formatted(this);
      }
      inbound.discard();
    }
    gone = true;
    guestEnd = NOBODY;
    endpoint.forget(this);
    outbound.signal();
    settle();
  }

  @Override
  public void releaseHeld() {
    inbound.releaseHeld();
  }

  // What follows.

  private void endByHost(int flags) {
    int had = endedByHost.getAndAccumulate(flags, (before, more) -> before | more);
    if ((had | flags) != had) {
      guestEnd.changed();
      outbound.signal();
    }
  }

  private void fail(String reason) {
    if (!resetByHost.compareAndSet(false, true)) {
      return;
    }
    if (broken == null) {
      broken = reason;
    }
    inbound.discard();
    guestEnd.changed();
    outbound.signal();
    settle();
  }

  /** Tells the joined connection what is due, and notices the end. */
  void settle() {
    Peer to = peer;
    if (to != null && !to.isGone()) {
      boolean lost = gone && !to.isEmpty();
      if (broken != null || lost) {
        to.reset();
      } else {
        if ((endedByGuest.get() & RECEIVE) != 0) {
          to.endInput();
        }
        if (inbound.isDrained()) {
          to.endOutput();
        }
      }
    }
    if (to != null && to.isGone() && !inbound.isEmpty()) {
      reset();
    }
    if (gone && inbound.isDrained() && over.compareAndSet(false, true)) {
      Deadline timer = farewell;
      if (timer != null) {
        timer.cancel();
      }
      endpoint.over();
      whenOver.run();
    }
  }

  // What is.

  @Override
  public String guest() {
    return endpoint.guest();
  }

  @Override
  public int guestPortNumber() {
    return guestPort;
  }

  @Override
  public int hostPortNumber() {
    return hostPort;
  }

  @Override
  public long guestPort() {
    return Integer.toUnsignedLong(guestPort);
  }

  @Override
  public long hostPort() {
    return Integer.toUnsignedLong(hostPort);
  }

  @Override
  public VsockType type() {
    return type;
  }

  @Override
  public boolean fromHost() {
    return fromHost;
  }

  @Override
  public boolean accepted() {
    return accepted;
  }

  @Override
  public boolean resetByHost() {
    return resetByHost.get();
  }

  @Override
  public int endedByHost() {
    return endedByHost.get();
  }

  @Override
  public long consumedBytes() {
    return inbound.consumedBytes();
  }

  @Override
  public String toString() {
    return "connection %s port %d of guest '%s'"
        .formatted(fromHost ? "to" : "from", guestPort(), guest());
  }
}
