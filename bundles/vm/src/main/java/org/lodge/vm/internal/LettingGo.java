package org.lodge.vm.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.lodge.vm.GuestState;

/**
 * The end of supervision without the end of the guest: what runs is left running for a later Lodge,
 * what is only being made is unmade.
 */
final class LettingGo {
  private static final Duration LIMIT = Duration.ofSeconds(2);

  private final GuestActor g;

  /** Who waits for a creation or a kill under way to come back. */
  private final List<CompletableFuture<Void>> waiting = new ArrayList<>();

  LettingGo(GuestActor g) {
    this.g = g;
  }

  void go(Message.Release release) {
    g.released = true;
    g.failWaiting(g.problem("release", "Lodge is letting go of its guests"));
    if (g.jobs.running(Jobs.Step.CREATE) || g.jobs.running(Jobs.Step.KILL_LEFT)) {
      waiting.add(release.done());
      if (g.state == GuestState.CREATED) {
        g.run.endAsked = true;
        g.become(GuestState.STOPPING);
        g.jobs.interrupt(Jobs.Step.CREATE);
      }
      return;
    }
    Run left = g.run;
    g.endRun();
    g.idle.forget();
    g.world.work("guest-" + g.name + "-release", () -> detach(left, release.done()));
  }

  private void detach(Run left, CompletableFuture<Void> done) {
    try {
      g.machine.closeConsole();
      if (left != null && left.vmm != null) {
        left.vmm.release(LIMIT);
      }
    } finally {
      done.complete(null);
    }
  }

  /** The guest has come to an end. */
  void settle() {
    List<CompletableFuture<Void>> settled = List.copyOf(waiting);
    waiting.clear();
    settled.forEach(done -> g.world.execute(() -> done.complete(null)));
  }
}
