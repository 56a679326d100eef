package org.lodge.vhostuser.internal;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.lodge.virtio.DeviceException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The steps of one device's life, each on another thread and none waited for longer than its limit:
 * a device is anybody's code and may never return. What has not ended is left behind; the device
 * does nothing else meanwhile, and its end comes after it. Belongs to the control thread but for
 * {@link #ask} and {@link #trouble}.
 */
final class Steps {
  private static final Logger log = LoggerFactory.getLogger(Steps.class);

  private final String of;
  private final Executor threads;
  private final Patience patience;
  private final Runnable whenBack;

  /** Those that were given up and have not ended since. */
  private final List<Step<?>> hanging = new CopyOnWriteArrayList<>();

  /**
   * @param of whose steps, as a person calls it
   * @param whenBack told when one that was given up has ended after all
   */
  Steps(String of, Executor threads, Patience patience, Runnable whenBack) {
    this.of = of;
    this.threads = threads;
    this.patience = patience;
    this.whenBack = whenBack;
  }

  /** Steps of the same device that are in nobody's way. */
  Steps beside() {
    return new Steps(of, threads, patience, () -> {});
  }

  /** Also throws what the step throws. */
  <T> T run(String name, Duration limit, Step.Work<T> work) throws DeviceException {
    return run(name, limit, work, late -> {});
  }

  /**
   * @param late gets what the step gives after its limit
   */
  <T> T run(String name, Duration limit, Step.Work<T> work, Consumer<T> late)
      throws DeviceException {
    Optional<String> trouble = trouble();
    if (trouble.isPresent()) {
      throw new DeviceException(name, trouble.get());
    }
    return runAnyway(name, limit, work, late);
  }

  /** Even where an earlier step still hangs. */
  <T> T runAnyway(String name, Duration limit, Step.Work<T> work, Consumer<T> late)
      throws DeviceException {
    Step<T> step = new Step<>(name, limit, work, late);
    threads.execute(step);
    if (!endsInTime(step)) {
      throw new DeviceException(name, tooLong(step));
    }
    return resultOf(step);
  }

  private String tooLong(Step<?> step) {
    return "%s of %s took longer than %d s".formatted(step.name, of, step.limit.toSeconds());
  }

  /** Gives it up where it does not. */
  private boolean endsInTime(Step<?> step) {
    boolean ended = false;
    try {
      ended = patience.await(step);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (ended || !step.result.completeExceptionally(new IllegalStateException("given up"))) {
      return true;
    }
    hanging.add(step);
    step.over.thenRun(() -> {
      hanging.remove(step);
      log.info("{} of {} has ended after all", step.name, of);
      whenBack.run();
    });
    return false;
  }

  private static <T> T resultOf(Step<T> step) throws DeviceException {
    try {
      return step.result.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case DeviceException device -> throw device;
        case RuntimeException fault -> throw fault;
        case Error fault -> throw fault;
        default -> throw new IllegalStateException(e.getCause());
      }
    } catch (InterruptedException e) {
      throw new AssertionError("it is there", e);
    }
  }

  /** For what is neither a step of the device's life nor in the way of one. Any thread. */
  <T> T ask(String name, Duration limit, T otherwise, Step.Work<T> question) {
    if (!hanging.isEmpty()) {
      return otherwise;
    }
    try {
      return run(name, limit, question);
    } catch (DeviceException | RuntimeException | Error e) {
      log.warn("A device could not be asked: {}", e.toString());
      return otherwise;
    }
  }

  /** The last step, once all others have ended: now, or when those that hang have. */
  void end(String name, Duration limit, Runnable work) {
    Step<Void> last =
        new Step<>(
            name,
            limit,
            () -> {
              work.run();
              return null;
            },
            late -> {});
    List<Step<?>> before = List.copyOf(hanging);
    CompletableFuture.allOf(
            before.stream().map(each -> each.over).toArray(CompletableFuture[]::new))
        .thenRun(() -> threads.execute(last));
    interrupt();
    if (before.isEmpty() && !endsInTime(last)) {
      last.interrupt();
      log.error("{} and is left behind", tooLong(last));
    }
    before.forEach(step -> log.error("{} and is left behind", tooLong(step)));
  }

  /** Asks what hangs to end, where nothing else is wanted of the device. */
  void interrupt() {
    hanging.forEach(Step::interrupt);
  }

  /** What hangs, as a sentence. Any thread. */
  Optional<String> trouble() {
    return hanging.stream().findFirst().map(step -> tooLong(step) + " and has not ended yet");
  }
}
