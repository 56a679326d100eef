package org.lodge.vm.internal;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/** Time stands still and nothing runs until the test says so: every interleaving can be had. */
final class SimulatedWorld implements World {
  private long nanos;
  private final Deque<Runnable> soon = new ArrayDeque<>();
  final List<Work> works = new ArrayList<>();
  final List<Delayed> delayed = new ArrayList<>();

  /** The blocking task that runs now. */
  Work current;

  final class Work implements Task {
    final String name;
    final Runnable body;
    boolean interrupted;

    Work(String name, Runnable body) {
      this.name = name;
      this.body = body;
    }

    @Override
    public void cancel() {
      interrupted = true;
    }

    void run() {
      works.remove(this);
      current = this;
      body.run();
      current = null;
      settle();
    }

    @Override
    public String toString() {
      return name + (interrupted ? "!" : "");
    }
  }

  record Delayed(long at, Runnable body) {}

  @Override
  public Instant now() {
    return Instant.ofEpochSecond(1_000_000).plusNanos(nanos);
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public void execute(Runnable task) {
    soon.add(task);
  }

  @Override
  public Task after(Duration delay, Runnable task) {
    Delayed entry = new Delayed(nanos + delay.toNanos(), task);
    delayed.add(entry);
    return () -> delayed.removeIf(d -> d == entry);
  }

  @Override
  public Task work(String name, Runnable task) {
    Work work = new Work(name, task);
    works.add(work);
    return work;
  }

  /** Lets all that never blocks run. */
  void settle() {
    for (Runnable task = soon.poll(); task != null; task = soon.poll()) {
      task.run();
    }
  }

  /** Lets time pass until the next timer; false if there is none. */
  boolean nextTimer() {
    return nextTimer(Duration.ofDays(1));
  }

  boolean nextTimer(Duration within) {
    Delayed next = delayed.stream().min(Comparator.comparingLong(Delayed::at)).orElse(null);
    if (next == null || next.at() > nanos + within.toNanos()) {
      return false;
    }
    delayed.remove(next);
    nanos = Math.max(nanos, next.at());
    next.body().run();
    settle();
    return true;
  }

  /** Everything that can be done without waiting. */
  void runWorks() {
    settle();
    while (!works.isEmpty()) {
      works.getFirst().run();
    }
  }
}
