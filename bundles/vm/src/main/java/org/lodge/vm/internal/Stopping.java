package org.lodge.vm.internal;

import java.time.Duration;
import java.util.List;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmExit;
import org.lodge.vmm.VmmState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * STOPPING: the agent, then the power button, then quit, then kill, until the process has ended.
 */
final class Stopping {
  private static final Logger LOG = LoggerFactory.getLogger(Stopping.class);

  /** A guest that is still booting has no ear for its power button yet. */
  private static final Duration PRESS_STEP = Duration.ofSeconds(2);

  /** One whose agent has said yes is on its way; the button is for one that is stuck there. */
  private static final Duration AGENT_STEP = Duration.ofSeconds(8);

  private static final Duration QUIT_LIMIT = Duration.ofSeconds(3);
  private static final Duration KILL_LIMIT = Duration.ofSeconds(10);

  private final GuestActor g;

  Stopping(GuestActor g) {
    this.g = g;
  }

  void handle(Message message) {
    switch (message) {
      case Message.Start start -> g.deferred.add(start);
      case Message.Control control -> g.fail(control.done(), g.problem("state", "is stopping"));
      case Message.Stop stop -> {
        g.run.endAsked = true;
        forgetStarts();
        g.stoppers.add(stop.done());
        if (stop.limit() != null && g.jobs.isSet(Jobs.Timer.STOP)) {
          g.jobs.set(Jobs.Timer.STOP, stop.limit());
        }
      }
      case Message.Kill kill -> {
        g.run.endAsked = true;
        forgetStarts();
        g.stoppers.add(kill.done());
        killNow();
      }
      case Message.Done done -> done(done);
      case Message.TimeUp timeUp -> timeUp(timeUp.timer());
      case Message.Said said when said.vmmState() == VmmState.SHUTDOWN -> quit(g);
      case Message.Said said when said.vmmState() == VmmState.CRASHED -> kill(g);
      case Message.Exited exited -> exited(exited.exit());
      default -> {}
    }
  }

  /** The last word counts: a stop after a start that has still to come. */
  private void forgetStarts() {
    GuestException why = g.problem("stop", "was stopped before it had started");
    g.deferred.forEach(command -> g.fail(command.done(), why));
    g.deferred.clear();
  }

  /** Into this state, with an end to all that waits for a running guest. */
  static void enter(GuestActor g) {
    GuestException why = g.problem("stop", "was stopped before that could be done");
    g.up.abandonControls(why);
    for (Jobs.Step step : List.of(Jobs.Step.BOOT, Jobs.Step.CONTROL, Jobs.Step.ASK)) {
      g.jobs.forget(step);
    }
    for (Jobs.Timer timer : List.of(Jobs.Timer.READY, Jobs.Timer.STABLE, Jobs.Timer.ASK_AGAIN)) {
      g.jobs.clear(timer);
    }
    g.become(GuestState.STOPPING);
    if (g.run.failure == null) {
      g.failWaiting(why);
    }
  }

  /**
   * @param limit null for the definition's
   */
  static void politely(GuestActor g, Duration limit) {
    boolean paused = g.state == GuestState.PAUSED;
    g.run.endAsked = true;
    enter(g);
    g.jobs.set(Jobs.Timer.STOP, limit == null ? g.run.definition.limits().stop() : limit);
    press(g, paused, true);
  }

  /** Its result says whether the guest has been asked from inside. */
  private static void press(GuestActor g, boolean paused, boolean first) {
    Vmm vmm = g.run.vmm;
    g.jobs.start(
        Jobs.Step.POWER_DOWN,
        "power-down",
        GuestActor.COMMAND_LIMIT,
        () -> {
          if (paused) {
            vmm.resume();
          }
          if (first && g.machine.powerOff()) {
            return true;
          }
          vmm.powerDown();
          return false;
        });
  }

  static void end(GuestActor g, Run.Ending failure) {
    g.run.failure = failure;
    enter(g);
    kill(g);
  }

  static void quit(GuestActor g) {
    if (g.jobs.running(Jobs.Step.QUIT) || g.jobs.isSet(Jobs.Timer.KILL)) {
      return;
    }
    g.jobs.clear(Jobs.Timer.STOP);
    g.jobs.clear(Jobs.Timer.PRESS_AGAIN);
    g.jobs.forget(Jobs.Step.POWER_DOWN);
    g.jobs.set(Jobs.Timer.QUIT, QUIT_LIMIT);
    Vmm vmm = g.run.vmm;
    g.jobs.start(
        Jobs.Step.QUIT,
        "quit",
        GuestActor.COMMAND_LIMIT,
        () -> {
          vmm.quit();
          return null;
        });
  }

  static void kill(GuestActor g) {
    g.jobs.clear(Jobs.Timer.STOP);
    g.jobs.clear(Jobs.Timer.PRESS_AGAIN);
    g.jobs.clear(Jobs.Timer.QUIT);
    g.jobs.forget(Jobs.Step.POWER_DOWN);
    g.jobs.forget(Jobs.Step.QUIT);
    g.jobs.set(Jobs.Timer.KILL, KILL_LIMIT);
    Vmm vmm = g.run.vmm;
    g.world.work("guest-" + g.name + "-kill", vmm::kill);
  }

  /** For a process that was never reached. */
  static void killLeftBehind(GuestActor g) {
    g.jobs.forget(Jobs.Step.ADOPT);
    g.jobs.start(
        Jobs.Step.KILL_LEFT,
        "kill",
        GuestActor.COMMAND_LIMIT,
        () -> {
          g.machine.killLeftBehind();
          return null;
        });
  }

  private void killNow() {
    if (g.run.vmm != null) {
      kill(g);
    } else if (g.jobs.running(Jobs.Step.CREATE)) {
      g.jobs.interrupt(Jobs.Step.CREATE);
    }
  }

  private void done(Message.Done done) {
    switch (done.job().step) {
      case CREATE -> created(done);
      case POWER_DOWN -> {
        if (done.failure() != null) {
          LOG.info("The power button could not be pressed: {}", done.failure().getMessage());
          quit(g);
        } else {
          boolean askedInside = Boolean.TRUE.equals(done.result());
          g.jobs.set(Jobs.Timer.PRESS_AGAIN, askedInside ? AGENT_STEP : PRESS_STEP);
        }
      }
      case QUIT -> {
        if (done.failure() != null) {
          kill(g);
        }
      }
      case KILL_LEFT -> {
        if (done.failure() == null) {
          g.finish(GuestState.STOPPED, null);
        } else {
          immortal(done.failure().getMessage());
        }
      }
      case ADOPT, BOOT, CONTROL, ASK -> {}
    }
  }

  /** The creation that a stop interrupted has come back. */
  private void created(Message.Done done) {
    if (done.result() instanceof Vmm vmm) {
      g.run.vmm = vmm;
      Ears.awaitEnd(g, g.run);
      kill(g);
    } else if (done.overdue()) {
      g.creationLost = true;
      g.finish(
          GuestState.FAILED,
          new Run.Ending(
              "create", "the driver did not come back after it was told to end", List.of()));
    } else {
      g.finish(GuestState.STOPPED, null);
    }
  }

  private void timeUp(Jobs.Timer timer) {
    switch (timer) {
      case STOP -> {
        LOG.info("It has not powered off in time: ending it");
        quit(g);
      }
      case PRESS_AGAIN -> press(g, false, false);
      case QUIT -> kill(g);
      case KILL -> immortal("its process does not end although it was killed");
      default -> {}
    }
  }

  private void immortal(String cause) {
    LOG.error("{}", cause);
    GuestException why = g.problem("kill", cause + "; look at the host's kernel log");
    g.stoppers.forEach(done -> g.fail(done, why));
    g.stoppers.clear();
    g.failWaiting(why);
    g.deferred.forEach(command -> g.fail(command.done(), why));
    g.deferred.clear();
    g.become(GuestState.UNKNOWN);
    g.letting.settle();
    Lost.askLater(g);
  }

  private void exited(VmmExit exit) {
    Run.Ending failure = g.run.failure;
    if (failure != null) {
      g.finish(
          GuestState.FAILED,
          new Run.Ending(
              failure.stage(),
              failure.cause(),
              failure.monitorLines().isEmpty() ? exit.lastLines() : failure.monitorLines()));
    } else {
      g.finish(GuestState.STOPPED, null);
    }
  }
}
