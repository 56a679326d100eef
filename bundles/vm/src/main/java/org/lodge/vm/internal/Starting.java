package org.lodge.vm.internal;

import java.util.List;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmState;

/** CREATED and READY: the monitor is being made, then its virtual CPUs are let run. */
final class Starting {
  private final GuestActor g;

  Starting(GuestActor g) {
    this.g = g;
  }

  void handle(Message message) {
    switch (message) {
      case Message.Start start -> g.starters.add(start.done());
      case Message.Control control -> g.controls.add(control);
      case Message.Stop stop -> {
        g.stoppers.add(stop.done());
        abort();
      }
      case Message.Kill kill -> {
        g.stoppers.add(kill.done());
        abort();
      }
      case Message.Done done when done.job().step == Jobs.Step.CREATE -> created(done);
      case Message.Done done when done.job().step == Jobs.Step.BOOT -> booted(done);
      case Message.Said said when said.vmmState() == VmmState.CRASHED ->
          Stopping.end(g, new Run.Ending("boot", "the guest crashed at once", List.of()));
      case Message.Said said ->
          g.run.spokeEarly |=
              said.vmmState() == VmmState.SHUTDOWN || said.vmmState() == VmmState.PAUSED;
      case Message.Exited exited ->
          g.finish(
              GuestState.FAILED,
              new Run.Ending("boot", exited.exit().cause(), exited.exit().lastLines()));
      default -> {}
    }
  }

  private void created(Message.Done done) {
    if (done.failure() != null) {
      g.creationLost = done.overdue();
      GuestException e = done.failure();
      g.finish(GuestState.FAILED, new Run.Ending(e.stage(), e.getMessage(), e.lastLines()));
      return;
    }
    Run run = g.run;
    Vmm vmm = (Vmm) done.result();
    run.vmm = vmm;
    run.created = run.since(g.world.nanos());
    Ears.awaitEnd(g, run);
    g.become(GuestState.READY);
    g.jobs.start(
        Jobs.Step.BOOT,
        "boot",
        GuestActor.COMMAND_LIMIT,
        () -> {
          g.machine.attach(vmm, run.definition, m -> g.post(new Message.Heard(run, m)));
          vmm.resume();
          return null;
        });
  }

  private void booted(Message.Done done) {
    if (done.failure() != null) {
      GuestException e = done.failure();
      Stopping.end(g, new Run.Ending(e.stage(), e.getMessage(), e.lastLines()));
      return;
    }
    g.run.running = g.run.since(g.world.nanos());
    g.run.reachedRunning = true;
    g.become(GuestState.RUNNING);
    g.up.entered();
  }

  private void abort() {
    g.run.endAsked = true;
    Stopping.enter(g);
    if (g.run.vmm == null) {
      // Its coming back is awaited, so that no process is left behind.
      g.jobs.interrupt(Jobs.Step.CREATE);
    } else {
      // The guest has not run: there is nobody to press a power button for.
      Stopping.kill(g);
    }
  }
}
