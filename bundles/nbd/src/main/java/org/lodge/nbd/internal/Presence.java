package org.lodge.nbd.internal;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Whether a disk is there, since when it is away and why, and how long that may last.
 *
 * <pre>
 * AWAY      → REPEATING (a connection was made) | CLOSED
 * REPEATING → OPEN (the log of writes was repeated) | AWAY (the connection was lost) | CLOSED
 * OPEN      → AWAY (the connection was lost) | CLOSED
 * </pre>
 *
 * Thread-safe by the disk's lock, which whoever waits here lets go of.
 */
final class Presence {

  enum Stage {
    AWAY,
    REPEATING,
    OPEN,
    CLOSED;

    boolean isAway() {
      return this == AWAY || this == REPEATING;
    }
  }

  private final ReentrantLock lock;
  private final Condition changed;
  private Stage stage = Stage.AWAY;
  private long awaySinceNanos = System.nanoTime();
  private long waitNanos;
  private boolean expired;
  private String trouble;
  private boolean refused;

  /**
   * @param patience how long requests wait
   * @param trouble why it is not there yet
   */
  Presence(ReentrantLock lock, Duration patience, String trouble) {
    this.lock = lock;
    this.trouble = trouble;
    changed = lock.newCondition();
    waitNanos = patience.toNanos();
  }

  Stage stage() {
    lock.lock();
    try {
      return stage;
    } finally {
      lock.unlock();
    }
  }

  /** With the lock held. */
  void become(Stage next, String why) {
    if (stage == Stage.OPEN) {
      awaySinceNanos = System.nanoTime();
    }
    if (next == Stage.OPEN) {
      expired = false;
    } else if (next == Stage.REPEATING) {
      refused = false;
    }
    stage = next;
    trouble = why;
    changed.signalAll();
  }

  /** Whether requests may wait for it. */
  boolean isHopeful() {
    return stage != Stage.CLOSED && !expired;
  }

  /** Whether the time is over from now on, as it was not before. With the lock held. */
  boolean expires() {
    if (!stage.isAway() || expired || System.nanoTime() - awaySinceNanos <= waitNanos) {
      return false;
    }
    expired = true;
    return true;
  }

  /** Whoever uses it is about to end: nothing waits longer than this any more. */
  void hurry(Duration most) {
    lock.lock();
    try {
      long passed = stage.isAway() ? System.nanoTime() - awaySinceNanos : 0;
      waitNanos = Math.min(waitNanos, passed + most.toNanos());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Why the last attempt to connect came to nothing.
   *
   * @param refusal whether somebody said no, rather than nothing
   */
  void notYet(String why, boolean refusal) {
    lock.lock();
    try {
      if (stage == Stage.AWAY) {
        trouble = why;
        refused = refusal;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until it is away, or over: false then. */
  boolean awaitAway() throws InterruptedException {
    lock.lock();
    try {
      while (stage == Stage.REPEATING || stage == Stage.OPEN) {
        changed.await();
      }
      return stage == Stage.AWAY;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until it is open or over; false where it was refused, or the time has passed. */
  boolean awaitOpen(Duration limit) throws InterruptedException {
    long left = limit.toNanos();
    lock.lock();
    try {
      while (stage.isAway() && !refused && left > 0) {
        left = changed.awaitNanos(left);
      }
      return !stage.isAway();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until a new connection is in use, or lost again: false then. */
  boolean awaitRepeated() throws InterruptedException {
    lock.lock();
    try {
      while (stage == Stage.REPEATING) {
        changed.await();
      }
      return stage == Stage.OPEN;
    } finally {
      lock.unlock();
    }
  }

  /** Lets time pass before another attempt, unless it is over. */
  void pause(Duration time) throws InterruptedException {
    long left = time.toNanos();
    lock.lock();
    try {
      while (stage != Stage.CLOSED && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Why it is away, as far as is known. */
  String reason() {
    lock.lock();
    try {
      return trouble;
    } finally {
      lock.unlock();
    }
  }

  /** Why it can't be used at present. */
  Optional<String> trouble(String place) {
    lock.lock();
    try {
      long seconds = (System.nanoTime() - awaySinceNanos) / 1_000_000_000;
      return switch (stage) {
        case OPEN -> Optional.empty();
        case CLOSED -> Optional.of("the disk " + place + " is closed");
        case REPEATING ->
            Optional.of("the disk " + place + " is back; unconfirmed writes are repeated");
        case AWAY ->
            Optional.of(
                "%s the disk %s since %d s: %s"
                    .formatted(
                        expired ? "requests fail without" : "waiting for",
                        place,
                        seconds,
                        trouble));
      };
    } finally {
      lock.unlock();
    }
  }
}
