package org.lodge.device.vsock.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.link.HostEnd;

/**
 * The connections that the guest knows, what it has said about each, and how much each may send
 * ahead. All windows together stay within a budget: the first connections get large ones, a guest
 * with very many gets small ones, so that what their receivers leave unread is bounded.
 *
 * <p>Thread-safe. {@code lock} guards all of it, and the fields of every {@link Connection}; it is
 * the last lock to be taken, and nothing is called back while it is held.
 */
final class Connections {
  private static final int WINDOW_BYTES = 256 << 10;
  private static final int WINDOW_BYTES_MIN = 16 << 10;
  private static final long BUDGET_BYTES = 64L << 20;

  final ReentrantLock lock = new ReentrantLock();
  private final Map<Long, Connection> byPorts = new HashMap<>();
  private final Ledger ledger;
  private long grantedBytes;

  Connections(Ledger ledger) {
    this.ledger = ledger;
  }

  Connection find(int guestPort, int hostPort) {
    lock.lock();
    try {
      return byPorts.get(Connection.key(guestPort, hostPort));
    } finally {
      lock.unlock();
    }
  }

  /**
   * A new connection; null where these ports are taken.
   *
   * @param end null where the host's end does not exist yet
   */
  Connection add(
      ToGuest toGuest,
      int guestPort,
      int hostPort,
      VsockType type,
      Connection.Phase phase,
      HostEnd end) {
    lock.lock();
    try {
      long left = BUDGET_BYTES - grantedBytes;
      int windowBytes = Math.clamp(left, WINDOW_BYTES_MIN, WINDOW_BYTES);
      Connection connection =
          new Connection(toGuest, guestPort, hostPort, type, windowBytes, phase);
      connection.end = end;
      return restore(connection) ? connection : null;
    } finally {
      lock.unlock();
    }
  }

  /** Takes a connection that another device has begun. */
  boolean restore(Connection connection) {
    lock.lock();
    try {
      if (byPorts.putIfAbsent(connection.key(), connection) != null) {
        return false;
      }
      grantedBytes += connection.windowBytes;
      connection.ledgerEntry = ledger.add(connection);
      return true;
    } finally {
      lock.unlock();
    }
  }

  void bind(Connection connection, HostEnd end) {
    lock.lock();
    try {
      connection.end = end;
    } finally {
      lock.unlock();
    }
  }

  void remove(Connection connection) {
    lock.lock();
    try {
      if (byPorts.remove(connection.key(), connection)) {
        connection.phase = Connection.Phase.GONE;
        grantedBytes -= connection.windowBytes;
        ledger.remove(connection.ledgerEntry);
        connection.ledgerEntry = Ledger.NO_ENTRY;
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Keeps account of the connections from now on.
   *
   * @return those on account so far that are none of ours; they stay there until {@link #settled}
   */
  List<Ledger.Known> openLedger() {
    lock.lock();
    try {
      List<Ledger.Known> lost = new ArrayList<>();
      for (Ledger.Known known : ledger.open()) {
        if (byPorts.containsKey(Connection.key(known.guestPort(), known.hostPort()))) {
          ledger.remove(known.entry());
        } else {
          lost.add(known);
        }
      }
      byPorts.values().forEach(ours -> ours.ledgerEntry = ledger.add(ours));
      return lost;
    } finally {
      lock.unlock();
    }
  }

  /** The guest knows that what stands in this entry is no more. */
  void settled(int ledgerEntry) {
    lock.lock();
    try {
      ledger.remove(ledgerEntry);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Removes a connection whose end was not found, of which the guest is still to be told.
   *
   * @return its entry in the ledger, for {@link #settled}
   */
  int lose(Connection connection) {
    lock.lock();
    try {
      int entry = connection.ledgerEntry;
      connection.ledgerEntry = Ledger.NO_ENTRY;
      remove(connection);
      return entry;
    } finally {
      lock.unlock();
    }
  }

  /** What is on account now stays there. */
  void leaveLedger() {
    lock.lock();
    try {
      ledger.leave();
    } finally {
      lock.unlock();
    }
  }

  void clear() {
    snapshot().forEach(this::remove);
  }

  List<Connection> snapshot() {
    lock.lock();
    try {
      return new ArrayList<>(byPorts.values());
    } finally {
      lock.unlock();
    }
  }

  int size() {
    lock.lock();
    try {
      return byPorts.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the credit that every packet carries, as it is: a guest that lies about it gets too much
   * or too little, and harms itself.
   *
   * @return whether somebody has waited for it
   */
  boolean credit(Connection connection, Header header) {
    lock.lock();
    try {
      connection.guestBufferBytes = header.bufferBytes();
      connection.guestForwardedCount = header.forwardedCount();
      boolean ready = connection.waitsForCredit && connection.guestFreeBytes() > 0;
      connection.waitsForCredit &= !ready;
      return ready;
    } finally {
      lock.unlock();
    }
  }

  void creditAsked(Connection connection) {
    lock.lock();
    try {
      connection.creditAsked = true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the guest's yes was asked for. */
  boolean answered(Connection connection) {
    lock.lock();
    try {
      if (connection.phase != Connection.Phase.ASKING) {
        return false;
      }
      connection.phase = Connection.Phase.OPEN;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Which directions the guest has ended up to now. */
  int ended(Connection connection, int untrustedFlags) {
    lock.lock();
    try {
      connection.endedByGuest |= untrustedFlags & HostEnd.BOTH;
      return connection.endedByGuest;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the guest may send this payload now; it counts then. */
  boolean admit(Connection connection, long untrustedLength) {
    lock.lock();
    try {
      if (connection.phase != Connection.Phase.OPEN
          || (connection.endedByGuest & HostEnd.SEND) != 0
          || !connection.mayReceive(untrustedLength)) {
        return false;
      }
      connection.receivedCount += (int) untrustedLength;
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the connection waits only for its end; what the guest says means nothing any more. */
  boolean isDoomed(Connection connection) {
    lock.lock();
    try {
      return connection.mustReset || connection.end.resetByHost();
    } finally {
      lock.unlock();
    }
  }

  void mustReset(Connection connection) {
    lock.lock();
    try {
      connection.mustReset = true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The guest has reset.
   *
   * @return whether that is the end of an orderly close
   */
  boolean reset(Connection connection) {
    lock.lock();
    try {
      boolean orderly = connection.isOrderlyEnd();
      remove(connection);
      return orderly;
    } finally {
      lock.unlock();
    }
  }
}
