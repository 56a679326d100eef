package org.lodge.vm.internal;

import java.time.Duration;
import java.util.Optional;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmState;

/**
 * What looking for an earlier Lodge's process has found.
 *
 * @param found empty where there is none
 * @param state absent where the monitor was reached and does not say
 */
record Adoption(Optional<Machine.Found> found, Optional<VmmState> state) {

  /** Blocks; takes over what is there. */
  static Adoption of(GuestActor g, Run run) throws Exception {
    Optional<Machine.Found> found =
        g.machine.adopt(g.listener(run), marker -> g.post(new Message.Heard(run, marker)));
    if (found.isEmpty()) {
      return new Adoption(found, Optional.empty());
    }
    Vmm vmm = found.get().vmm();
    run.took(vmm);
    try {
      return new Adoption(found, Optional.of(vmm.state()));
    } catch (VmmException e) {
      return new Adoption(found, Optional.empty());
    }
  }

  /** Came too late to be of use: the guest is left as it is. */
  void letGo(World world, String guest) {
    found.ifPresent(f ->
        world.work("guest-" + guest + "-release", () -> f.vmm().release(Duration.ofSeconds(2))));
  }
}
