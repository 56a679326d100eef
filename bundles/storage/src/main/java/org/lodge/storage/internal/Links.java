package org.lodge.storage.internal;

import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection of one share to its storage guest, made again whenever it is lost. Whoever needs
 * it waits, at most as long as the share says.
 */
final class Links implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Links.class);
  private static final long AGAIN_MILLIS = 100;

  private final Connector connector;
  private final String what;
  private final long waitNanos;
  private volatile long patienceEndsNanos;
  private volatile boolean hurries;
  private Link current;
  private int epoch;
  private boolean connecting;
  private boolean closed;
  private String trouble = "";

  /** Makes a connection, or says why not. */
  interface Connector {
    Link connect(int epoch, Duration limit) throws IOException;
  }

  /**
   * @param what the share, for people
   */
  Links(Connector connector, String what, Duration wait) {
    this.connector = connector;
    this.what = what;
    waitNanos = wait.toNanos();
  }

  /** When whoever asks now has waited long enough. */
  long deadline() {
    return System.nanoTime() + waitNanos;
  }

  /** Whoever uses this is about to end: nobody waits longer than this any more. */
  synchronized void hurry(Duration most) {
    patienceEndsNanos = System.nanoTime() + most.toNanos();
    hurries = true;
    notifyAll();
  }

  /** An open connection; null where there is none by the deadline, or never again. */
  Link await(long deadlineNanos) {
    while (true) {
      int next;
      synchronized (this) {
        while (true) {
          if (closed) {
            return null;
          }
          if (current != null && current.isOpen()) {
            return current;
          }
          long now = System.nanoTime();
          long left = deadlineNanos - now;
          left = hurries ? Math.min(left, patienceEndsNanos - now) : left;
          if (left <= 0) {
            return null;
          }
          if (!connecting) {
            break;
          }
          try {
            wait(Math.max(1, left / 1_000_000));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
          }
        }
        connecting = true;
        next = ++epoch;
        if (current != null) {
          LOG.warn(
              "Share {}: the storage guest is gone: {}; waiting for it", what, current.reason());
          current = null;
        }
      }
      connect(next, deadlineNanos);
    }
  }

  private void connect(int next, long deadlineNanos) {
    Link made = null;
    String problem = "";
    try {
      Duration left = Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime()));
      made = connector.connect(next, left);
    } catch (IOException | RuntimeException e) {
      problem = String.valueOf(e.getMessage());
    }
    synchronized (this) {
      connecting = false;
      trouble = problem;
      if (closed && made != null) {
        made.end("the share was taken back");
      } else {
        current = made;
      }
      notifyAll();
      if (made == null && !closed) {
        try {
          wait(AGAIN_MILLIS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** The connection that is open now, or null; waits for nothing. */
  synchronized Link now() {
    return current != null && current.isOpen() ? current : null;
  }

  /** Why there is no connection, as far as is known; empty while there is one. */
  synchronized String trouble() {
    return now() == null ? trouble : "";
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (current != null) {
      current.end("the share was taken back");
    }
    notifyAll();
  }
}
