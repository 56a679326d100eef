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

/** UNKNOWN: there is a process and no answer. It is kept, and asked again ever more slowly. */
final class Lost {
  private static final Logger LOG = LoggerFactory.getLogger(Lost.class);
  private static final Duration FIRST = Duration.ofSeconds(2);
  private static final Duration LAST = Duration.ofSeconds(60);

  private final GuestActor g;
  private Duration delay = FIRST;

  Lost(GuestActor g) {
    this.g = g;
  }

  void handle(Message message) {
    switch (message) {
      case Message.Stop stop -> {
        g.stoppers.add(stop.done());
        if (g.run.vmm == null) {
          kill();
        } else {
          Stopping.politely(g, stop.limit());
        }
      }
      case Message.Kill kill -> {
        g.stoppers.add(kill.done());
        kill();
      }
      case Message.Command command -> {
        g.deferred.add(command);
        ask();
      }
      case Message.Adopt adopt -> ask();
      case Message.TimeUp timeUp when timeUp.timer() == Jobs.Timer.ASK_AGAIN -> ask();
      case Message.Said said -> ask();
      case Message.Done done when done.job().step == Jobs.Step.ASK -> answered(done);
      case Message.Done done when done.job().step == Jobs.Step.ADOPT -> looked(done);
      case Message.Exited exited -> exited(exited.exit());
      default -> {}
    }
  }

  static void askLater(GuestActor g) {
    Lost lost = g.lost;
    g.jobs.set(Jobs.Timer.ASK_AGAIN, lost.delay);
    Duration twice = lost.delay.multipliedBy(2);
    lost.delay = twice.compareTo(LAST) > 0 ? LAST : twice;
  }

  private void ask() {
    if (g.jobs.running(Jobs.Step.ASK) || g.jobs.running(Jobs.Step.ADOPT)) {
      return;
    }
    g.jobs.clear(Jobs.Timer.ASK_AGAIN);
    Run run = g.run;
    Vmm vmm = run.vmm;
    if (vmm == null) {
      g.jobs.start(Jobs.Step.ADOPT, "adopt", Idle.ADOPTION_LIMIT, () -> Adoption.of(g, run));
    } else {
      g.jobs.start(Jobs.Step.ASK, "ask", GuestActor.COMMAND_LIMIT, vmm::state);
    }
  }

  private void answered(Message.Done done) {
    if (done.failure() != null) {
      stillUnknown(done.failure());
      return;
    }
    delay = FIRST;
    switch ((VmmState) done.result()) {
      case RUNNING -> g.become(GuestState.RUNNING);
      case PAUSED -> g.become(GuestState.PAUSED);
      case PRELAUNCH -> {
        g.run.endAsked = true;
        Stopping.enter(g);
        Stopping.kill(g);
      }
      case SHUTDOWN -> {
        Stopping.enter(g);
        Stopping.quit(g);
      }
      case CRASHED ->
          Stopping.end(g, new Run.Ending("running", "the guest has crashed", List.of()));
    }
    g.replayDeferred();
  }

  private void looked(Message.Done done) {
    Adoption adoption = (Adoption) done.result();
    if (adoption == null) {
      stillUnknown(done.failure());
    } else if (adoption.failure().isPresent()) {
      stillUnknown(adoption.failure().get());
    } else if (adoption.nothingThere()) {
      LOG.info("Its process has ended meanwhile");
      g.finish(GuestState.STOPPED, null);
    } else {
      delay = FIRST;
      Found.take(g, done);
      g.replayDeferred();
    }
  }

  /** A look that took longer than its limit has found the process after all. */
  void foundLate(Message.Done done) {
    g.jobs.forget(Jobs.Step.ADOPT);
    g.jobs.clear(Jobs.Timer.ASK_AGAIN);
    delay = FIRST;
    Found.take(g, done);
    g.replayDeferred();
  }

  private void stillUnknown(GuestException failure) {
    GuestException why =
        new GuestException(
            g.name,
            failure.stage(),
            "its process is there but does not answer ("
                + failure.getMessage()
                + "); try again, or end it: lodge kill "
                + g.name,
            failure.lastLines(),
            failure);
    g.deferred.forEach(command -> g.fail(command.done(), why));
    g.deferred.clear();
    askLater(g);
  }

  private void kill() {
    g.run.endAsked = true;
    Stopping.enter(g);
    if (g.run.vmm == null) {
      Stopping.killLeftBehind(g);
    } else {
      Stopping.kill(g);
    }
  }

  private void exited(VmmExit exit) {
    Run run = g.run;
    if (run.failure != null) {
      g.finish(GuestState.FAILED, run.failure);
    } else if (run.endAsked || exit.guestPoweredOff()) {
      g.finish(GuestState.STOPPED, null);
    } else {
      g.finish(GuestState.FAILED, new Run.Ending("running", exit.cause(), exit.lastLines()));
    }
  }
}
