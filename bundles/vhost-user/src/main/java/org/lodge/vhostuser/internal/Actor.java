package org.lodge.vhostuser.internal;

import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.lodge.linux.EventFd;

/** Work that other threads give to a thread that waits for descriptors. */
final class Actor {
  private final EventFd wake;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private boolean ended;

  Actor(EventFd wake) {
    this.wake = wake;
  }

  EventFd wake() {
    return wake;
  }

  /** The future fails with {@link IllegalStateException} if the thread has ended. */
  <T> CompletableFuture<T> submit(Callable<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    synchronized (this) {
      if (ended) {
        result.completeExceptionally(new IllegalStateException("closed"));
        return result;
      }
      tasks.add(() -> {
        try {
          result.complete(task.call());
        } catch (Exception | Error e) {
          result.completeExceptionally(e);
        }
      });
    }
    wake.signal();
    return result;
  }

  void runAll() {
    wake.drain();
    Runnable task;
    while ((task = tasks.poll()) != null) {
      task.run();
    }
  }

  /** Runs what is left and takes no more. */
  void end() {
    synchronized (this) {
      ended = true;
    }
    runAll();
    wake.close();
  }
}
