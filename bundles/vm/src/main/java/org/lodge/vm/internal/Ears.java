package org.lodge.vm.internal;

import org.lodge.vmm.VmmListener;
import org.lodge.vmm.VmmState;

/** Turns what a monitor says of its own accord into messages that carry the run they are of. */
final class Ears {
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
