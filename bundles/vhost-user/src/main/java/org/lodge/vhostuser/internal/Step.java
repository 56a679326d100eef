package org.lodge.vhostuser.internal;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.lodge.virtio.DeviceException;

/** Something that device logic does on a thread that nobody else needs. */
final class Step<T> implements Runnable {
  interface Work<T> {
    T run() throws DeviceException;
  }

  final String name;
  final Duration limit;
  private final Work<T> work;
  private final Consumer<T> late;

  /** What came of it; fails where it was given up. */
  final CompletableFuture<T> result = new CompletableFuture<>();

  /** When it no longer runs, given up or not. */
  final CompletableFuture<Void> over = new CompletableFuture<>();

  private Thread thread;

  /**
   * @param late gets what comes after it was given up
   */
  Step(String name, Duration limit, Work<T> work, Consumer<T> late) {
    this.name = name;
    this.limit = limit;
    this.work = work;
    this.late = late;
  }

  @Override
  public void run() {
    on(Thread.currentThread());
    try {
      T value = work.run();
      on(null);
      if (!result.complete(value)) {
        late.accept(value);
      }
    } catch (Exception | Error e) {
      result.completeExceptionally(e);
    } finally {
      on(null);
      over.complete(null);
    }
  }

  private synchronized void on(Thread runner) {
    if (runner == null) {
      // It was meant for this step.
      Thread.interrupted();
    }
    thread = runner;
  }

  /** Asks it to end, where it can be asked. */
  synchronized void interrupt() {
    if (thread != null) {
      thread.interrupt();
    }
  }
}
