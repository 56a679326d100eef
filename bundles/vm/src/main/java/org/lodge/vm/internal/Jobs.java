package org.lodge.vm.internal;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.lodge.vm.GuestException;
import org.lodge.vmm.VmmException;

/**
 * The blocking calls and the timers of one actor. At most one of each kind is current; what comes
 * back from one that is no longer current is late. No job outlives its limit unnoticed. Confined to
 * the actor, but for the posting of results.
 */
final class Jobs {

  /** What is being done on a thread of its own. */
  enum Step {
    ADOPT,
    CREATE,
    BOOT,
    CONTROL,
    ASK,
    POWER_DOWN,
    QUIT,
    KILL_LEFT
  }

  /** What is waited for. */
  enum Timer {
    REQUIREMENTS,
    READY,
    STOP,
    PRESS_AGAIN,
    QUIT,
    KILL,
    ASK_AGAIN,
    BACKOFF,
    STABLE
  }

  /** One blocking call. */
  static final class Job {
    final Step step;
    private World.Task work;
    private World.Task limit;

    Job(Step step) {
      this.step = step;
    }
  }

  private final String guest;
  private final World world;
  private final Consumer<Message> post;
  private final Map<Step, Job> jobs = new EnumMap<>(Step.class);
  private final Map<Timer, Object> tokens = new EnumMap<>(Timer.class);
  private final Map<Timer, World.Task> timers = new EnumMap<>(Timer.class);

  Jobs(String guest, World world, Consumer<Message> post) {
    this.guest = guest;
    this.world = world;
    this.post = post;
  }

  void start(Step step, String stage, Duration limit, Callable<?> body) {
    Job job = new Job(step);
    jobs.put(step, job);
    job.limit =
        world.after(
            limit,
            () ->
                post.accept(
                    new Message.Done(
                        job,
                        null,
                        new GuestException(
                            guest,
                            stage,
                            "did not come back within "
                                + limit.toMillis() / 1000.0
                                + " s; see the guest's log, or kill the guest"),
                        true)));
    job.work =
        world.work(
            "guest-" + guest + "-" + stage,
            () -> {
              Object result = null;
              GuestException failure = null;
              try {
                result = body.call();
              } catch (Throwable e) {
                failure = explain(stage, e);
              }
              post.accept(new Message.Done(job, result, failure, false));
            });
  }

  private GuestException explain(String stage, Throwable e) {
    return switch (e) {
      case GuestException known -> known;
      case VmmException vmm ->
          new GuestException(guest, vmm.stage(), vmm.getMessage(), vmm.lastLines(), vmm);
      case InterruptedException interrupt ->
          new GuestException(guest, stage, "was interrupted", java.util.List.of(), interrupt);
      default ->
          new GuestException(guest, stage, "failed unexpectedly: " + e, java.util.List.of(), e);
    };
  }

  boolean running(Step step) {
    return jobs.containsKey(step);
  }

  boolean isCurrent(Message.Done done) {
    return jobs.get(done.job().step) == done.job();
  }

  void finished(Message.Done done) {
    jobs.remove(done.job().step);
    done.job().limit.cancel();
    if (done.overdue() && done.job().step == Step.CREATE) {
      done.job().work.cancel();
    }
  }

  /** Ends a creation early; its result is still awaited. */
  void interrupt(Step step) {
    Job job = jobs.get(step);
    if (job != null && job.work != null) {
      job.work.cancel();
    }
  }

  /** What comes back is late from now on. */
  void forget(Step step) {
    Job job = jobs.remove(step);
    if (job != null) {
      job.limit.cancel();
    }
  }

  void forgetAll() {
    for (Step step : Step.values()) {
      forget(step);
    }
    for (Timer timer : Timer.values()) {
      clear(timer);
    }
  }

  void set(Timer timer, Duration delay) {
    clear(timer);
    Object token = new Object();
    tokens.put(timer, token);
    timers.put(timer, world.after(delay, () -> post.accept(new Message.TimeUp(timer, token))));
  }

  boolean isSet(Timer timer) {
    return tokens.containsKey(timer);
  }

  void clear(Timer timer) {
    tokens.remove(timer);
    World.Task task = timers.remove(timer);
    if (task != null) {
      task.cancel();
    }
  }

  /** Whether this timer has run out and was not cleared since; it is cleared by that. */
  boolean expired(Message.TimeUp timeUp) {
    if (tokens.get(timeUp.timer()) != timeUp.token()) {
      return false;
    }
    clear(timeUp.timer());
    return true;
  }
}
