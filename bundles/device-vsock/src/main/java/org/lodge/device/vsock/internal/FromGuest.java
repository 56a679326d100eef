package org.lodge.device.vsock.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.link.HostEnd;
import org.lodge.vsock.link.HostSide;

/**
 * The way from the guest: reads packets, checks the copy of each header, and passes payload on.
 * Used by the thread that serves the transmit queue; {@link #mayHold} and {@link #released} by any.
 */
final class FromGuest {
  /** After so many packets others get their turn on this thread. */
  private static final int PACKETS_PER_TURN = 256;

  /** After so many bytes the receivers and the guest are told, so that they work meanwhile. */
  private static final int BYTES_PER_FLUSH = 64 << 10;

  private final long guestCid;
  private final Connections connections;
  private final ToGuest toGuest;
  private final Header header = new Header();
  private final GuestPayload payload = new GuestPayload(this);
  private final List<Connection> flushDue = new ArrayList<>();
  private final Taken taken = new Taken();
  private final AtomicInteger held = new AtomicInteger();
  private volatile HostSide host;
  private volatile boolean seqpacket;
  private volatile Virtqueue queue;
  private int unflushedBytes;
  volatile long receivedPackets;
  volatile long receivedBytes;
  volatile long malformedPackets;
  volatile long foreignPackets;
  volatile long creditViolations;

  FromGuest(long guestCid, Connections connections, ToGuest toGuest) {
    this.guestCid = guestCid;
    this.connections = connections;
    this.toGuest = toGuest;
  }

  void attached(HostSide host, boolean seqpacket) {
    this.host = host;
    this.seqpacket = seqpacket;
  }

  void start(Virtqueue transmitQueue) {
    taken.forget();
    queue = transmitQueue;
  }

  void stop() {
    queue = null;
    taken.giveBack();
    connections.snapshot().stream()
        .map(connection -> connection.end)
        .filter(end -> end != null)
        .forEach(HostEnd::releaseHeld);
  }

  void serve(Virtqueue transmitQueue) throws RingException {
    int packets = 0;
    try {
      while (toGuest.hasRoomForReply(transmitQueue::wake)) {
        if (packets++ == PACKETS_PER_TURN) {
          transmitQueue.wake();
          return;
        }
        DescriptorChain chain = transmitQueue.poll();
        if (chain == null) {
          return;
        }
        take(chain, transmitQueue);
        if (unflushedBytes >= BYTES_PER_FLUSH) {
          flush();
          transmitQueue.publish();
        }
      }
    } finally {
      taken.giveBackInTime(transmitQueue);
      flush();
    }
  }

  private void take(DescriptorChain chain, Virtqueue transmitQueue) {
    if (chain.readableBytes() < Header.BYTES) {
      malformedPackets++;
      chain.complete(0);
      return;
    }
    header.readFrom(chain);
    receivedPackets++;
    if (header.sourceCid() != guestCid) {
      foreignPackets++;
      chain.complete(0);
      return;
    }
    boolean kept = dispatch(chain);
    // Were they found by a Lodge after this one, nothing else would do twice what it did once.
    boolean mayWait = header.operation() == Header.RW || header.operation() == Header.CREDIT_UPDATE;
    if (!kept && !(mayWait && taken.keep(chain, transmitQueue))) {
      chain.complete(0);
    }
  }

  /** Whether the chain was kept. */
  private boolean dispatch(DescriptorChain chain) {
    VsockType type = type(header.type());
    Connection connection = null;
    if (header.targetCid() == Header.HOST_CID) {
      connection = connections.find(header.sourcePort(), header.targetPort());
    }
    if (connection == null) {
      if (header.operation() == Header.REQUEST
          && header.targetCid() == Header.HOST_CID
          && type != null) {
        ask(type);
      } else if (header.operation() != Header.RST) {
        refuse();
      }
      return false;
    }
    if (header.operation() == Header.RST) {
      closed(connection);
      return false;
    }
    if (connections.isDoomed(connection)) {
      return false;
    }
    if (connection.type != type) {
      reset(connection);
      return false;
    }
    HostEnd end = connection.end;
    boolean ready = connections.credit(connection, header);
    boolean kept = false;
    switch (header.operation()) {
      case Header.RESPONSE -> opened(connection);
      case Header.SHUTDOWN -> end.endedByGuest(connections.ended(connection, header.flags()));
      case Header.RW -> kept = receive(connection, chain);
      case Header.CREDIT_UPDATE -> {}
      case Header.CREDIT_REQUEST -> connections.creditAsked(connection);
      default -> reset(connection);
    }
    toGuest.settle(connection);
    if (ready) {
      end.ready();
    }
    return kept;
  }

  private void ask(VsockType type) {
    Connection connection =
        connections.add(
            toGuest, header.sourcePort(), header.targetPort(), type, Connection.Phase.ASKED, null);
    if (connection == null) {
      refuse();
      return;
    }
    connections.credit(connection, header);
    HostSide side = host;
    HostEnd end =
        side == null
            ? null
            : side.requested(connection, header.sourcePort(), header.targetPort(), type);
    if (end == null) {
      connections.remove(connection);
      refuse();
    } else {
      connections.bind(connection, end);
      toGuest.settle(connection);
      // Who has accepted meanwhile, and written before there was an answer, tries again.
      end.ready();
    }
  }

  private VsockType type(int untrustedType) {
    return switch (untrustedType) {
      case 1 -> VsockType.STREAM;
      case 2 -> seqpacket ? VsockType.SEQPACKET : null;
      default -> null;
    };
  }

  private void closed(Connection connection) {
    boolean orderly = connections.reset(connection);
    connection.end.releaseHeld();
    connection.end.closed(orderly);
  }

  private void opened(Connection connection) {
    if (connections.answered(connection)) {
      connection.end.connected();
      connection.end.ready();
    } else {
      reset(connection);
    }
  }

  /** Whether the chain was kept. */
  private boolean receive(Connection connection, DescriptorChain chain) {
    long untrustedLength = header.length();
    if (untrustedLength > chain.readableBytes() - Header.BYTES) {
      malformedPackets++;
      reset(connection);
      return false;
    }
    if (!connections.admit(connection, untrustedLength)) {
      creditViolations++;
      reset(connection);
      return false;
    }
    int length = (int) untrustedLength;
    int flags =
        connection.type == VsockType.SEQPACKET
            ? header.flags() & (Header.END_OF_MESSAGE | Header.END_OF_RECORD)
            : 0;
    if (length == 0 && flags == 0) {
      return false;
    }
    receivedBytes += length;
    payload.of(connection, chain, length);
    connection.end.received(payload, length, flags);
    if (!connection.flushDue) {
      connection.flushDue = true;
      flushDue.add(connection);
    }
    unflushedBytes += length;
    return payload.isHeld();
  }

  private void reset(Connection connection) {
    connections.mustReset(connection);
    toGuest.settle(connection);
  }

  private void refuse() {
    toGuest.refuse(header.targetCid(), header.targetPort(), header.sourcePort(), header.type());
  }

  private void flush() {
    unflushedBytes = 0;
    for (Connection connection : flushDue) {
      connection.flushDue = false;
      connection.end.flush();
    }
    flushDue.clear();
    toGuest.publish();
  }

  /**
   * Whether a connection may keep another of the guest's transmit buffers. It gets a small part of
   * them, so that a receiver that does not read leaves enough to all the others.
   */
  boolean mayHold(Connection connection) {
    Virtqueue transmitQueue = queue;
    if (transmitQueue == null) {
      return false;
    }
    int size = transmitQueue.size();
    if (connection.held.get() >= Math.max(1, size / 8) || held.get() >= size / 2) {
      return false;
    }
    connection.held.incrementAndGet();
    held.incrementAndGet();
    return true;
  }

  void released(Connection connection) {
    connection.held.decrementAndGet();
    held.decrementAndGet();
  }
}
