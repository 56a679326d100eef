package org.lodge.vm.internal;

import java.util.concurrent.CompletableFuture;
import org.lodge.vm.GuestStatus;
import org.lodge.vmm.VmmListener;
import org.lodge.vmm.VmmState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns what a monitor says of its own accord into messages that carry the run they are of. */
final class Ears {
  private static final Logger LOG = LoggerFactory.getLogger(Ears.class);

  private Ears() {}

  static VmmListener listener(GuestActor g, Run run) {
    return new VmmListener() {
      @Override
      public void stateChanged(VmmState vmmState) {
        g.post(new Message.Said(run, vmmState));
      }

      @Override
      public void guestReset() {
        g.post(new Message.Rebooted());
      }

      @Override
      public void deviceGone(String id) {
        Message.Control.Action finish = g.machine.deviceGone(id);
        CompletableFuture<GuestStatus> done = new CompletableFuture<>();
        done.whenComplete((status, failure) -> {
          if (failure != null) {
            LOG.warn("The removal of {} was not finished: {}", id, failure.getMessage());
          }
        });
        g.post(new Message.Control(Message.Control.Kind.OTHER, finish, done));
      }
    };
  }

  /** From the moment a monitor is there: its end is heard of, after the last of its console. */
  static void awaitEnd(GuestActor g, Run run) {
    run.vmm
        .exited()
        .whenComplete((exit, error) ->
            g.world.work(
                "guest-" + g.name + "-exit",
                () -> {
                  g.machine.drainConsole();
                  g.machine.closeDevices();
                  g.post(new Message.Exited(run, exit));
                }));
  }
}
