package org.lodge.vm.internal;

import java.time.Duration;
import java.util.List;
import org.lodge.vm.GuestState;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmExit;
import org.lodge.vmm.VmmState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** RUNNING and PAUSED: commands to the monitor, one after the other. */
final class Up {
  private static final Logger LOG = LoggerFactory.getLogger(Up.class);

  /** A guest that has run so long may fail as often as a new one. */
  private static final Duration STABLE = Duration.ofMinutes(1);

  private final GuestActor g;
  private Message.Control current;
  private boolean askAfter;

  Up(GuestActor g) {
    this.g = g;
  }

  void handle(Message message) {
    switch (message) {
      case Message.Start start -> {
        g.starters.add(start.done());
        awaitReady();
      }
      case Message.Stop stop -> {
        g.stoppers.add(stop.done());
        Stopping.politely(g, stop.limit());
      }
      case Message.Kill kill -> {
        g.stoppers.add(kill.done());
        g.run.endAsked = true;
        Stopping.enter(g);
        Stopping.kill(g);
      }
      case Message.Control control -> {
        g.controls.add(control);
        next();
      }
      case Message.Done done when done.job().step == Jobs.Step.CONTROL -> controlled(done);
      case Message.Done done when done.job().step == Jobs.Step.ASK -> asked(done);
      case Message.Said said -> said(said.vmmState());
      case Message.TimeUp timeUp when timeUp.timer() == Jobs.Timer.READY -> notReady();
      case Message.TimeUp timeUp when timeUp.timer() == Jobs.Timer.STABLE -> g.idle.ranForAWhile();
      case Message.Exited exited -> exited(exited.exit());
      default -> {}
    }
  }

  /** The virtual CPUs have just been let run. */
  void entered() {
    g.jobs.set(Jobs.Timer.STABLE, STABLE);
    if (g.run.definition.ready() == Definition.Ready.RUNNING) {
      g.heard(Machine.Marker.READY);
    }
    awaitReady();
    if (g.run.spokeEarly) {
      ask();
    }
    next();
  }

  private void awaitReady() {
    if (g.run.isReady) {
      ready();
    } else if (!g.jobs.isSet(Jobs.Timer.READY)) {
      g.jobs.set(Jobs.Timer.READY, g.run.definition.limits().ready());
    }
  }

  void ready() {
    g.jobs.clear(Jobs.Timer.READY);
    g.starters.forEach(g::succeed);
    g.starters.clear();
  }

  private void notReady() {
    var why =
        new org.lodge.vm.GuestException(
            g.name,
            "ready",
            "runs, but neither its agent nor `lodge: ready` on its console has said that it is up within "
                + g.run.definition.limits().ready().toMillis() / 1000.0
                + " s; look at its console, raise limits.readySeconds, or set \"ready\": \"running\"",
            g.machine.lastLines(),
            null);
    LOG.warn("Not ready in time");
    g.starters.forEach(done -> g.fail(done, why));
    g.starters.clear();
  }

  private void next() {
    while (!g.jobs.running(Jobs.Step.CONTROL) && !g.controls.isEmpty()) {
      Message.Control control = g.controls.poll();
      boolean already =
          control.kind() == Message.Control.Kind.PAUSE && g.state == GuestState.PAUSED
              || control.kind() == Message.Control.Kind.RESUME && g.state == GuestState.RUNNING;
      if (already) {
        g.succeed(control.done());
        continue;
      }
      current = control;
      Vmm vmm = g.run.vmm;
      g.jobs.start(
          Jobs.Step.CONTROL,
          control.kind() == Message.Control.Kind.OTHER
              ? "command"
              : control.kind().name().toLowerCase(java.util.Locale.ROOT),
          control.limit(),
          () -> {
            control.action().on(vmm);
            return null;
          });
    }
  }

  private void controlled(Message.Done done) {
    Message.Control control = current;
    current = null;
    if (done.failure() != null) {
      g.fail(control.done(), done.failure());
      // A picture that could not be written says nothing about the guest; silence does.
      askAfter |= control.kind() != Message.Control.Kind.OTHER || done.overdue();
    } else {
      GuestState next =
          switch (control.kind()) {
            case PAUSE -> GuestState.PAUSED;
            case RESUME -> GuestState.RUNNING;
            case OTHER -> g.state;
          };
      if (next != g.state) {
        g.become(next);
      }
      g.succeed(control.done());
    }
    next();
    if (askAfter && !g.jobs.running(Jobs.Step.CONTROL)) {
      ask();
    }
  }

  /** Commands under way or waiting when the guest leaves these states. */
  void abandonControls(org.lodge.vm.GuestException why) {
    askAfter = false;
    if (current != null) {
      g.fail(current.done(), why);
      current = null;
    }
  }

  private void said(VmmState said) {
    switch (said) {
      case RUNNING, PAUSED -> {
        boolean known = (said == VmmState.RUNNING) == (g.state == GuestState.RUNNING);
        if (g.jobs.running(Jobs.Step.CONTROL)) {
          // The command's own result says how it is; what differs then is asked for.
          askAfter |= current.kind() == Message.Control.Kind.OTHER && !known;
        } else if (!known) {
          ask();
        }
      }
      case SHUTDOWN -> {
        LOG.info("The guest powered itself off");
        Stopping.enter(g);
        Stopping.quit(g);
      }
      case CRASHED ->
          Stopping.end(
              g,
              new Run.Ending(
                  "running", "the guest's kernel panicked or its monitor failed", List.of()));
      case PRELAUNCH -> {}
    }
  }

  private void ask() {
    askAfter = false;
    Vmm vmm = g.run.vmm;
    g.jobs.start(Jobs.Step.ASK, "ask", GuestActor.COMMAND_LIMIT, vmm::state);
  }

  private void asked(Message.Done done) {
    if (done.failure() != null) {
      LOG.warn("The monitor does not answer: {}", done.failure().getMessage());
      abandonAll(done.failure());
      g.become(GuestState.UNKNOWN);
      Lost.askLater(g);
      return;
    }
    if (g.jobs.running(Jobs.Step.CONTROL)) {
      askAfter = true;
      return;
    }
    switch ((VmmState) done.result()) {
      case RUNNING -> become(GuestState.RUNNING);
      case PAUSED -> become(GuestState.PAUSED);
      case VmmState other -> said(other);
    }
  }

  private void become(GuestState next) {
    if (g.state != next) {
      g.become(next);
    }
  }

  private void abandonAll(org.lodge.vm.GuestException why) {
    abandonControls(why);
    g.jobs.forget(Jobs.Step.CONTROL);
    g.jobs.clear(Jobs.Timer.READY);
    g.jobs.clear(Jobs.Timer.STABLE);
    g.failWaiting(why);
  }

  private void exited(VmmExit exit) {
    var why = g.problem("running", "its process has ended: " + exit.cause());
    abandonControls(why);
    if (exit.guestPoweredOff()) {
      LOG.info("The guest powered itself off");
      g.finish(GuestState.STOPPED, null);
    } else {
      g.finish(GuestState.FAILED, new Run.Ending("running", exit.cause(), exit.lastLines()));
    }
  }
}
