package org.lodge.device.vsock.internal;

import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.HostEnd;
import org.lodge.vsock.link.Payload;

/**
 * The guest's side of one connection: its phase, what the guest was told, and both credits (virtio
 * 1.2 section 5.10.6.3).
 *
 * <pre>
 * guest asks: ASKED ── host accepts: RESPONSE ──► OPEN
 * host asks:  DUE ── REQUEST ──► ASKING ── RESPONSE came ──► OPEN
 * any ── RST either way, or both directions ended and all consumed ──► gone
 * </pre>
 *
 * All fields belong to the lock of {@link ToGuest}. Counts of bytes are the wire's, 32 bits that
 * wrap around.
 */
final class Connection implements GuestEnd {
  enum Phase {
    ASKED,
    DUE,
    ASKING,
    OPEN,
    GONE
  }

  /** What {@link #nextControl} has to say where there is nothing to be said. */
  static final int SILENCE = 0;

  private final ToGuest toGuest;
  final int guestPort;
  final int hostPort;
  final VsockType type;
  final int windowBytes;

  int ledgerEntry = Ledger.NO_ENTRY;
  HostEnd end;
  Phase phase;
  boolean mustReset;
  int endedByGuest;
  int endToldToGuest;

  int receivedCount;
  int forwardedToldToGuest;
  boolean creditAsked;

  int sentCount;
  int guestBufferBytes;
  int guestForwardedCount;
  int creditRequestedAt;
  boolean creditRequestDue;

  boolean waitsForCredit;
  boolean queued;

  /** Of the thread that serves the transmit queue. */
  boolean flushDue;

  /** Transmit buffers of the guest that are kept; any thread. */
  final AtomicInteger held = new AtomicInteger();

  Connection(
      ToGuest toGuest, int guestPort, int hostPort, VsockType type, int windowBytes, Phase phase) {
    this.toGuest = toGuest;
    this.guestPort = guestPort;
    this.hostPort = hostPort;
    this.type = type;
    this.windowBytes = windowBytes;
    this.phase = phase;
  }

  static long key(int guestPort, int hostPort) {
    return Integer.toUnsignedLong(guestPort) << 32 | Integer.toUnsignedLong(hostPort);
  }

  long key() {
    return key(guestPort, hostPort);
  }

  /** How many bytes the guest has room for; none where it claims nonsense. */
  long guestFreeBytes() {
    long room = Integer.toUnsignedLong(guestBufferBytes);
    long underway = Integer.toUnsignedLong(sentCount - guestForwardedCount);
    return Math.max(0, room - underway);
  }

  /** Whether the guest may send this many bytes by what it was told. */
  boolean mayReceive(long untrustedLength) {
    long underway = Integer.toUnsignedLong(receivedCount - forwardedToldToGuest);
    return untrustedLength <= windowBytes - underway;
  }

  int forwardedCount() {
    return (int) end.consumedBytes();
  }

  /** Credit ran out with bytes left: asks for it, but not again for every small answer. */
  void creditRanOut() {
    waitsForCredit = true;
    long sentSince = Integer.toUnsignedLong(sentCount - creditRequestedAt);
    if (sentSince >= Math.max(1, guestBufferBytes >>> 2)) {
      creditRequestedAt = sentCount;
      creditRequestDue = true;
    }
  }

  /** The operation of the packet that is due besides payload, or {@link #SILENCE}. */
  int nextControl() {
    if (end == null || phase == Phase.GONE) {
      return SILENCE;
    }
    if (mustReset || end.resetByHost()) {
      return phase == Phase.DUE ? SILENCE : Header.RST;
    }
    return switch (phase) {
      case ASKED -> end.accepted() ? Header.RESPONSE : SILENCE;
      case DUE -> Header.REQUEST;
      case ASKING, GONE -> SILENCE;
      case OPEN -> nextWhileOpen();
    };
  }

  private int nextWhileOpen() {
    if (isFinished()) {
      return Header.RST;
    }
    if ((end.endedByHost() & ~endToldToGuest) != 0) {
      return Header.SHUTDOWN;
    }
    int news = forwardedCount() - forwardedToldToGuest;
    if (creditAsked || news >= windowBytes / 4) {
      return Header.CREDIT_UPDATE;
    }
    return creditRequestDue ? Header.CREDIT_REQUEST : SILENCE;
  }

  /** The guest has closed, and everything that it sent has been consumed. */
  boolean isFinished() {
    return endedByGuest == HostEnd.BOTH && forwardedCount() == receivedCount;
  }

  /** Whether a reset now is the end of an orderly close. */
  boolean isOrderlyEnd() {
    return !mustReset
        && !end.resetByHost()
        && (endedByGuest == HostEnd.BOTH || endToldToGuest == HostEnd.BOTH);
  }

  @Override
  public int deliver(Payload payload, int offset, int length, int messageFlags) {
    return toGuest.deliver(this, payload, offset, length, messageFlags);
  }

  @Override
  public void flush() {
    toGuest.publish();
  }

  @Override
  public void changed() {
    toGuest.settle(this);
    toGuest.publish();
  }
}
