package org.lodge.vm.internal;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The machine's clock and virtual threads. */
final class RealWorld implements World, AutoCloseable {
  private final ScheduledThreadPoolExecutor timers;

  RealWorld() {
    timers =
        new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().name("vm-timer").daemon().factory());
    timers.setRemoveOnCancelPolicy(true);
  }

  @Override
  public Instant now() {
    return Instant.now();
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public void execute(Runnable task) {
    Thread.startVirtualThread(task);
  }

  @Override
  public Task after(Duration delay, Runnable task) {
    if (timers.isShutdown()) {
      return () -> {};
    }
    Future<?> future = timers.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
    return () -> future.cancel(false);
  }

  @Override
  public Task work(String name, Runnable task) {
    Thread thread = Thread.ofVirtual().name(name).start(task);
    return thread::interrupt;
  }

  @Override
  public void close() {
    timers.shutdownNow();
  }
}
