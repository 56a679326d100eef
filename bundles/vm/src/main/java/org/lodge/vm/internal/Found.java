package org.lodge.vm.internal;

import java.util.List;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes over a process that an earlier Lodge left, in whatever state it says it is. */
final class Found {
  private static final Logger LOG = LoggerFactory.getLogger(Found.class);

  private Found() {}

  /**
   * @param done an ADOPT that failed or found something; the guest's run waits for it
   */
  static void take(GuestActor g, Message.Done done) {
    Run run = g.run;
    Adoption adoption = (Adoption) done.result();
    if (adoption != null) {
      run.definition = adoption.inForce().orElse(run.definition);
    }
    GuestException failure = adoption == null ? done.failure() : adoption.failure().orElse(null);
    if (failure != null) {
      LOG.warn("A process is there but does not answer: {}", failure.getMessage());
      unknown(g);
      return;
    }
    run.took(adoption.vmm().orElseThrow());
    run.reachedRunning = true;
    run.isReady = true;
    Ears.awaitEnd(g, run);
    LOG.info("Found process {} again", run.vmm.process().pid());
    if (adoption.state().isEmpty()) {
      unknown(g);
      return;
    }
    switch (adoption.state().get()) {
      case RUNNING -> g.become(GuestState.RUNNING);
      case PAUSED -> g.become(GuestState.PAUSED);
      case PRELAUNCH -> {
        LOG.info("It had never run: ended");
        run.endAsked = true;
        g.become(GuestState.STOPPING);
        Stopping.kill(g);
      }
      case SHUTDOWN -> {
        g.become(GuestState.STOPPING);
        Stopping.quit(g);
      }
      case CRASHED ->
          Stopping.end(g, new Run.Ending("running", "the guest has crashed", List.of()));
    }
  }

  private static void unknown(GuestActor g) {
    if (g.state != GuestState.UNKNOWN) {
      g.become(GuestState.UNKNOWN);
    }
    Lost.askLater(g);
  }
}
