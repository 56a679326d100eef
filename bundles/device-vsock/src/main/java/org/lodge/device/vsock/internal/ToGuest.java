package org.lodge.device.vsock.internal;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.Virtqueue;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.HostEnd;
import org.lodge.vsock.link.Payload;

/**
 * The way to the guest: its empty receive buffers, and who waits for one. Any thread may deliver,
 * so what one guest sends is copied into the other's buffers by the thread that serves the sender.
 *
 * <p>Thread-safe, under the lock of {@link Connections}.
 */
final class ToGuest {
  /** Answers to packets of unknown connections that may wait; with more, no packet is taken. */
  private static final int REPLIES_MAX = 128;

  private static final int BUFFER_BYTES_MIN = Header.BYTES + 1;

  /**
   * @param ledgerEntry of a connection that is lost
   */
  private record Reply(long fromCid, int fromPort, int guestPort, int type, int ledgerEntry) {}

  private final Connections connections;
  private final ReentrantLock lock;
  private final PacketWriter writer;
  private final ArrayDeque<DescriptorChain> buffers = new ArrayDeque<>();
  private final ArrayDeque<Connection> waiting = new ArrayDeque<>();
  private final ArrayDeque<Reply> replies = new ArrayDeque<>();
  private Runnable repliesTaken;
  private volatile Virtqueue queue;
  private boolean frozen;

  ToGuest(long guestCid, Connections connections) {
    writer = new PacketWriter(guestCid);
    this.connections = connections;
    lock = connections.lock;
  }

  void start(Virtqueue receiveQueue) {
    lock.lock();
    try {
      queue = receiveQueue;
      connections.snapshot().forEach(this::waitForBuffers);
    } finally {
      lock.unlock();
    }
  }

  void stop() {
    lock.lock();
    try {
      queue = null;
      buffers.forEach(DescriptorChain::handBack);
      buffers.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Says and delivers nothing until {@link #thaw}. */
  void freeze() {
    lock.lock();
    try {
      frozen = true;
    } finally {
      lock.unlock();
    }
  }

  void thaw() {
    lock.lock();
    try {
      frozen = false;
    } finally {
      lock.unlock();
    }
  }

  boolean isFrozen() {
    lock.lock();
    try {
      return frozen;
    } finally {
      lock.unlock();
    }
  }

  /** Begins anew, with no connection. */
  void forgetAll() {
    lock.lock();
    try {
      connections.clear();
      waiting.clear();
      replies.clear();
      frozen = false;
    } finally {
      lock.unlock();
    }
  }

  /** Collects the guest's empty buffers, and lets those go on who wait for them, in turn. */
  void serve(Virtqueue receiveQueue) throws RingException {
    int turns;
    lock.lock();
    try {
      for (DescriptorChain chain = receiveQueue.poll();
          chain != null;
          chain = receiveQueue.poll()) {
        if (chain.writableBytes() < BUFFER_BYTES_MIN) {
          throw new RingException(
              RingFault.BAD_REQUEST,
              "a receive buffer of %d bytes has no room for a header and payload"
                  .formatted(chain.writableBytes()));
        }
        buffers.addLast(chain);
      }
      sendReplies();
      turns = waiting.size();
    } finally {
      lock.unlock();
    }
    for (int turn = 0; turn < turns; turn++) {
      Connection connection = nextWaiting();
      if (connection == null) {
        return;
      }
      settle(connection);
      HostEnd end = connection.end;
      if (end != null) {
        end.ready();
      }
    }
  }

  private Connection nextWaiting() {
    lock.lock();
    try {
      if (buffers.isEmpty() || waiting.isEmpty()) {
        return null;
      }
      Connection connection = waiting.removeFirst();
      connection.queued = false;
      return connection;
    } finally {
      lock.unlock();
    }
  }

  private void waitForBuffers(Connection connection) {
    if (!connection.queued) {
      connection.queued = true;
      waiting.addLast(connection);
    }
  }

  /** As {@link GuestEnd#deliver}. */
  int deliver(Connection to, Payload payload, int offset, int length, int messageFlags) {
    lock.lock();
    try {
      if (frozen || to.phase != Connection.Phase.OPEN || to.mustReset) {
        return GuestEnd.NOTHING;
      }
      int done = 0;
      do {
        int credit = (int) Math.min(to.guestFreeBytes(), length - done);
        if (credit == 0 && length > 0) {
          to.creditRanOut();
          askForCredit(to);
          break;
        }
        DescriptorChain buffer = buffers.pollFirst();
        if (buffer == null) {
          waitForBuffers(to);
          break;
        }
        int part = (int) Math.min(credit, buffer.writableBytes() - Header.BYTES);
        boolean last = done + part == length;
        writer.write(to, buffer, Header.RW, last ? messageFlags : 0, payload, offset + done, part);
        to.sentCount += part;
        done += part;
        if (last) {
          return length;
        }
      } while (true);
      return done == 0 ? GuestEnd.NOTHING : done;
    } finally {
      lock.unlock();
    }
  }

  private void askForCredit(Connection to) {
    if (!to.creditRequestDue) {
      return;
    }
    DescriptorChain buffer = buffers.pollFirst();
    if (buffer == null) {
      waitForBuffers(to);
      return;
    }
    to.creditRequestDue = false;
    writer.write(to, buffer, Header.CREDIT_REQUEST, 0, null, 0, 0);
  }

  /** Sends what is due besides payload, as far as there are buffers; ends what is over. */
  void settle(Connection connection) {
    HostEnd over = null;
    boolean orderly = false;
    lock.lock();
    try {
      if (!frozen && say(connection)) {
        over = connection.end;
        orderly = connection.isOrderlyEnd();
      }
    } finally {
      lock.unlock();
    }
    if (over != null) {
      over.closed(orderly);
    }
  }

  /** Whether the connection is gone with this. */
  private boolean say(Connection to) {
    if (to.phase == Connection.Phase.DUE && (to.mustReset || to.end.resetByHost())) {
      connections.remove(to);
      return true;
    }
    for (int due = to.nextControl(); due != Connection.SILENCE; due = to.nextControl()) {
      DescriptorChain buffer = buffers.pollFirst();
      if (buffer == null) {
        waitForBuffers(to);
        return false;
      }
      int flags = 0;
      switch (due) {
        case Header.REQUEST -> to.phase = Connection.Phase.ASKING;
        case Header.RESPONSE -> to.phase = Connection.Phase.OPEN;
        case Header.SHUTDOWN -> flags = to.endToldToGuest = to.end.endedByHost();
        case Header.CREDIT_UPDATE -> to.creditAsked = false;
        case Header.CREDIT_REQUEST -> to.creditRequestDue = false;
        default -> {}
      }
      writer.write(to, buffer, due, flags, null, 0, 0);
      if (due == Header.RST) {
        connections.remove(to);
        return true;
      }
    }
    return false;
  }

  /** Answers a packet of a connection that does not exist. */
  void refuse(long toCidOfPacket, int toPort, int guestPort, int type) {
    reply(new Reply(toCidOfPacket, toPort, guestPort, type, Ledger.NO_ENTRY));
  }

  /** Tells the guest that a connection which it believes to have is no more. */
  void resetLost(int hostPort, int guestPort, int type, int ledgerEntry) {
    reply(new Reply(Header.HOST_CID, hostPort, guestPort, type, ledgerEntry));
  }

  /** The ledger is about to be read again, and has what was not told yet. */
  void forgetLost() {
    lock.lock();
    try {
      replies.removeIf(reply -> reply.ledgerEntry != Ledger.NO_ENTRY);
    } finally {
      lock.unlock();
    }
  }

  private void reply(Reply reply) {
    lock.lock();
    try {
      replies.addLast(reply);
      sendReplies();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether another packet may be taken that may need an answer.
   *
   * @param later runs once there is room, where there is none now
   */
  boolean hasRoomForReply(Runnable later) {
    lock.lock();
    try {
      if (replies.size() < REPLIES_MAX) {
        return true;
      }
      repliesTaken = later;
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void sendReplies() {
    while (!frozen && !replies.isEmpty() && !buffers.isEmpty()) {
      Reply reply = replies.removeFirst();
      DescriptorChain buffer = buffers.removeFirst();
      writer.writeReset(buffer, reply.fromCid, reply.fromPort, reply.guestPort, reply.type);
      connections.settled(reply.ledgerEntry);
    }
    if (repliesTaken != null && replies.size() < REPLIES_MAX / 2) {
      repliesTaken.run();
      repliesTaken = null;
    }
  }

  /** Asks the guest for a connection, as soon as there is a buffer. */
  boolean open(HostEnd end) {
    Connection connection =
        isFrozen()
            ? null
            : connections.add(
                this,
                end.guestPortNumber(),
                end.hostPortNumber(),
                end.type(),
                Connection.Phase.DUE,
                end);
    if (connection == null) {
      return false;
    }
    end.bind(connection);
    settle(connection);
    publish();
    return true;
  }

  long sentPackets() {
    return writer.packets();
  }

  long sentBytes() {
    return writer.bytes();
  }

  /** Lets the guest see what was sent. */
  void publish() {
    Virtqueue receiveQueue = queue;
    if (receiveQueue != null) {
      receiveQueue.publish();
    }
  }
}
