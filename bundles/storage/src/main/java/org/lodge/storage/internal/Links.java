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
  private static final Duration ATTEMPT = Duration.ofSeconds(10);
  private static final Duration LAST_ANSWER = Duration.ofSeconds(1);

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

  /** Whoever uses this is about to end: nobody waits longer for the storage guest any more. */
  synchronized void hurry(Duration most) {
    patienceEndsNanos = System.nanoTime() + most.toNanos();
    hurries = true;
    notifyAll();
  }

  /** The storage guest is about to end as well: nobody waits for it, and it answers soon. */
  synchronized void hurry() {
    hurry(Duration.ZERO);
    if (current != null) {
      current.answerWithin(LAST_ANSWER);
    }
  }

  /** An open connection; null where there is none by the deadline, or never again. */
  synchronized Link await(long deadlineNanos) {
    while (!closed) {
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
        begin(Duration.ofNanos(left));
      }
      try {
        wait(Math.max(1, left / 1_000_000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return null;
      }
    }
    return null;
  }

  /** On a thread of its own, as whoever asks may have to give up before the connector does. */
  private void begin(Duration limit) {
    connecting = true;
    int next = ++epoch;
    if (current != null) {
      LOG.warn("Share {}: the storage guest is gone: {}; waiting for it", what, current.reason());
      current = null;
    }
    Thread.ofVirtual().name("share-connect").start(() -> connect(next, limit));
  }

  private void connect(int next, Duration limit) {
    Link made = null;
    String problem = "";
    try {
      made = connector.connect(next, limit);
    } catch (IOException | RuntimeException e) {
      problem = String.valueOf(e.getMessage());
    }
    if (made == null) {
      try {
        Thread.sleep(AGAIN_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
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
    }
  }

  /** The next request needs another connection. */
  synchronized void renew() {
    if (current != null) {
      current.end("the guest has mounted it anew");
      current = null;
    }
  }

  /** The connection that is open now, or null; waits for nothing. */
  synchronized Link now() {
    return current != null && current.isOpen() ? current : null;
  }

  /** Why there is no connection, as far as is known; empty while there is one or none is wanted. */
  synchronized String trouble() {
    return now() == null && !closed ? trouble : "";
  }

  /** The storage guest has come up: why it could not be asked before is over. */
  synchronized void cameUp() {
    trouble = "";
  }

  /** Finds out whether the trouble is over, where nobody else asks; waits for nothing. */
  synchronized void tryAgain() {
    if (!trouble().isEmpty() && !connecting && !hurries) {
      begin(ATTEMPT);
    }
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
