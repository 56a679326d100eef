package org.lodge.vm.internal;

import java.time.Duration;
import java.time.Instant;

/** Time and threads, so that tests can hold both in their hands. */
interface World {

  Instant now();

  /** As {@link System#nanoTime}. */
  long nanos();

  /** Runs a short task soon, on no thread of the caller's. */
  void execute(Runnable task);

  /** Runs a short task once, later. */
  Task after(Duration delay, Runnable task);

  /** Runs a task that may block, on a thread of its own. */
  Task work(String name, Runnable task);

  /** Something under way. */
  interface Task {

    /** A delayed task is not run; a blocking one is interrupted. */
    void cancel();
  }
}
