package org.lodge.vm.internal;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** DEFINED, STOPPED and FAILED: no process, and perhaps waiting for something before a start. */
final class Idle {
  private static final Logger LOG = LoggerFactory.getLogger(Idle.class);
  static final Duration ADOPTION_LIMIT = Duration.ofSeconds(20);

  /** The driver keeps its own limit; this one notices when it does not. */
  private static final Duration CREATE_GRACE = Duration.ofSeconds(5);

  private enum Waiting {
    FOR_NOTHING,
    FOR_ADOPTION,
    FOR_REQUIREMENTS,
    FOR_BACKOFF
  }

  private final GuestActor g;
  private Waiting waiting = Waiting.FOR_NOTHING;
  private Object wait = new Object();
  private boolean automatic;

  /** Automatic starts since it last ran for a while. */
  private int attempts;

  Idle(GuestActor g) {
    this.g = g;
  }

  void handle(Message message) {
    switch (message) {
      case Message.Adopt adopt -> adopt();
      case Message.Done done -> looked(done);
      case Message.Kill kill when waiting == Waiting.FOR_ADOPTION -> killUnseen(kill);
      case Message.Command command when waiting == Waiting.FOR_ADOPTION -> g.deferred.add(command);
      case Message.Start start -> start(start);
      case Message.Stop stop -> stay(stop.done());
      case Message.Kill kill -> stay(kill.done());
      case Message.Control control -> control(control);
      case Message.RequirementsMet met -> requirementsMet(met);
      case Message.TimeUp timeUp when timeUp.timer() == Jobs.Timer.BACKOFF -> startAgain();
      case Message.TimeUp timeUp when timeUp.timer() == Jobs.Timer.REQUIREMENTS ->
          refuseStart(g.problem("requires", "those it requires did not become ready in time"));
      default -> {}
    }
  }

  private void adopt() {
    waiting = Waiting.FOR_ADOPTION;
    Run run = new Run(g.definition, g.world.nanos(), false);
    g.run = run;
    g.jobs.start(Jobs.Step.ADOPT, "adopt", ADOPTION_LIMIT, () -> Adoption.of(g, run));
  }

  private void looked(Message.Done done) {
    if (done.job().step != Jobs.Step.ADOPT) {
      return;
    }
    waiting = Waiting.FOR_NOTHING;
    if (done.result() instanceof Adoption adoption && adoption.nothingThere()) {
      g.run = null;
      if (g.definition == null) {
        undefined();
      }
    } else {
      Found.take(g, done);
    }
    g.replayDeferred();
  }

  /** Nobody waits for an answer before a kill. */
  private void killUnseen(Message.Kill kill) {
    waiting = Waiting.FOR_NOTHING;
    g.jobs.forget(Jobs.Step.ADOPT);
    g.stoppers.add(kill.done());
    g.run.endAsked = true;
    g.become(GuestState.STOPPING);
    Stopping.killLeftBehind(g);
    g.replayDeferred();
  }

  private void start(Message.Start start) {
    if (g.refusal != null) {
      g.fail(start.done(), g.problem("definition", g.refusal));
      return;
    }
    if (g.definition == null) {
      g.fail(start.done(), g.problem("definition", "its definition file is gone"));
      return;
    }
    if (g.creationLost) {
      g.fail(
          start.done(),
          g.problem(
              "create", "an earlier start has not come back yet; try again, or restart Lodge"));
      return;
    }
    g.starters.add(start.done());
    if (waiting == Waiting.FOR_REQUIREMENTS) {
      return;
    }
    g.restarts = 0;
    attempts = 0;
    automatic = false;
    awaitRequirements();
  }

  private void startAgain() {
    waiting = Waiting.FOR_NOTHING;
    if (g.definition == null || g.creationLost) {
      return;
    }
    g.restarts++;
    automatic = true;
    LOG.info("Starting again, attempt {} of {}", attempts, g.definition.restart().limit());
    awaitRequirements();
  }

  private void awaitRequirements() {
    g.jobs.clear(Jobs.Timer.BACKOFF);
    waiting = Waiting.FOR_REQUIREMENTS;
    if (g.definition.requires().isEmpty()) {
      create();
      return;
    }
    Object token = new Object();
    wait = token;
    g.jobs.set(Jobs.Timer.REQUIREMENTS, g.others.startLimit(g.definition.requires()));
    g.others
        .startAll(g.definition.requires())
        .whenComplete((done, error) -> g.post(new Message.RequirementsMet(token, why(error))));
  }

  private GuestException why(Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    if (cause == null) {
      return null;
    }
    if (cause instanceof GuestException other) {
      return new GuestException(
          g.name,
          "requires",
          "it requires "
              + other.guest()
              + ", which did not start: "
              + other.stage()
              + ": "
              + other.getMessage(),
          other.lastLines(),
          other);
    }
    return new GuestException(
        g.name, "requires", "failed unexpectedly: " + cause, List.of(), cause);
  }

  private void requirementsMet(Message.RequirementsMet met) {
    if (waiting != Waiting.FOR_REQUIREMENTS || met.token() != wait) {
      return;
    }
    if (met.failure() != null) {
      refuseStart(met.failure());
      return;
    }
    create();
  }

  private void refuseStart(GuestException why) {
    waiting = Waiting.FOR_NOTHING;
    wait = new Object();
    g.jobs.clear(Jobs.Timer.REQUIREMENTS);
    Run never = new Run(g.definition, g.world.nanos(), automatic);
    g.run = never;
    g.finish(GuestState.FAILED, new Run.Ending(why.stage(), why.getMessage(), why.lastLines()));
  }

  private void create() {
    waiting = Waiting.FOR_NOTHING;
    wait = new Object();
    g.jobs.clear(Jobs.Timer.REQUIREMENTS);
    Run run = new Run(g.definition, g.world.nanos(), automatic);
    g.run = run;
    if (!automatic) {
      g.failure = null;
    }
    g.become(GuestState.CREATED);
    g.jobs.start(
        Jobs.Step.CREATE,
        "create",
        run.definition.limits().create().plus(CREATE_GRACE),
        () -> {
          var vmm = g.machine.create(run.definition, Ears.listener(g, run));
          run.took(vmm);
          return vmm;
        });
  }

  private void stay(CompletableFuture<GuestStatus> done) {
    forget();
    g.failWaiting(g.problem("stop", "was stopped before it had started"));
    g.succeed(done);
  }

  private void control(Message.Control control) {
    if (waiting == Waiting.FOR_REQUIREMENTS) {
      g.controls.add(control);
    } else {
      g.fail(
          control.done(),
          g.problem("state", "is not running; start it first: lodge start " + g.name));
    }
  }

  /** No start comes of itself any more. */
  void forget() {
    waiting = Waiting.FOR_NOTHING;
    wait = new Object();
    g.jobs.clear(Jobs.Timer.BACKOFF);
    g.jobs.clear(Jobs.Timer.REQUIREMENTS);
  }

  void undefined() {
    if (waiting == Waiting.FOR_ADOPTION) {
      return;
    }
    forget();
    g.failWaiting(g.problem("definition", "its definition file is gone"));
    g.released = true;
    g.others.gone(g);
  }

  void ranForAWhile() {
    attempts = 0;
  }

  /** A run has ended: what was kept for now, or the restart policy, comes next. */
  void arrived(Run ended) {
    waiting = Waiting.FOR_NOTHING;
    if (g.released) {
      return;
    }
    boolean wanted = !g.deferred.isEmpty();
    g.replayDeferred();
    if (g.definition == null && !g.state.hasProcess()) {
      undefined();
    } else if (!wanted && !ended.endAsked && g.definition != null) {
      maybeStartAgain(ended);
    }
  }

  private void maybeStartAgain(Run ended) {
    Definition.Restart restart = g.definition.restart();
    boolean policySaysSo =
        switch (restart.policy()) {
          case NEVER -> false;
          case ON_FAILURE -> g.state == GuestState.FAILED;
          case ALWAYS -> true;
        };
    // A person's start that never ran is that person's to repair.
    if (!policySaysSo || !ended.reachedRunning && !ended.automatic) {
      return;
    }
    if (attempts >= restart.limit()) {
      LOG.error("Not started again: {} attempts in a row; start it by hand", attempts);
      return;
    }
    Duration delay = restart.delay(attempts++);
    LOG.info("Starting again in {} ms", delay.toMillis());
    waiting = Waiting.FOR_BACKOFF;
    g.jobs.set(Jobs.Timer.BACKOFF, delay);
  }
}
