package org.lodge.vsock.internal;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done where something else has not happened in time, as it nearly always has. So setting
 * and cancelling wake no thread: one looks at all of them each second, while there are any.
 * Thread-safe.
 */
final class Deadlines implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Deadlines.class);

  private final Set<Deadline> pending = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean ticking = new AtomicBoolean();
  private final ScheduledThreadPoolExecutor timer;

  /** May be cancelled. */
  final class Deadline {
    private final long atNanos;
    private final Runnable action;

    private Deadline(long atNanos, Runnable action) {
      this.atNanos = atNanos;
      this.action = action;
    }

    /** Does nothing where it has passed. */
    void cancel() {
      pending.remove(this);
    }
  }

  Deadlines() {
    timer =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("vsock-timer").unstarted(task));
    timer.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
  }

  /** Runs an action after so many seconds, or up to one more, on a thread of its own kind. */
  Deadline after(int seconds, Runnable action) {
    Deadline deadline = new Deadline(System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds), action);
    pending.add(deadline);
    lookAgain();
    return deadline;
  }

  private void lookAgain() {
    if (ticking.compareAndSet(false, true)) {
      timer.schedule(this::look, 1, TimeUnit.SECONDS);
    }
  }

  private void look() {
    ticking.set(false);
    long now = System.nanoTime();
    for (Deadline deadline : pending) {
      if (now - deadline.atNanos >= 0 && pending.remove(deadline)) {
        run(deadline.action);
      }
    }
    if (!pending.isEmpty()) {
      lookAgain();
    }
  }

  private static void run(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      LOG.error("What was due failed; the rest goes on", e);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
