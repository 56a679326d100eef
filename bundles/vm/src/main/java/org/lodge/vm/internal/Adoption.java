package org.lodge.vm.internal;

import java.time.Duration;
import java.util.Optional;
import org.lodge.vm.GuestException;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmState;

/**
 * What looking for an earlier Lodge's process has found.
 *
 * @param of the guest's life that it is of
 * @param vmm empty where there is no process, or one that does not answer
 * @param state absent where the monitor was reached and does not say
 * @param inForce the definition it was started with, where that can still be told
 * @param failure present where a process is there and does not answer
 */
record Adoption(
    Run of,
    Optional<Vmm> vmm,
    Optional<VmmState> state,
    Optional<Definition> inForce,
    Optional<GuestException> failure) {

  /** Blocks; takes over what is there. */
  static Adoption of(GuestActor g, Run run) {
    Optional<Definition> inForce = g.machine.inForce();
    Optional<Vmm> found;
    try {
      found =
          g.machine.adopt(Ears.listener(g, run), marker -> g.post(new Message.Heard(run, marker)));
    } catch (GuestException e) {
      return new Adoption(run, Optional.empty(), Optional.empty(), inForce, Optional.of(e));
    }
    if (found.isEmpty()) {
      return new Adoption(run, found, Optional.empty(), inForce, Optional.empty());
    }
    try {
      return new Adoption(run, found, Optional.of(found.get().state()), inForce, Optional.empty());
    } catch (VmmException e) {
      return new Adoption(run, found, Optional.empty(), inForce, Optional.empty());
    }
  }

  boolean nothingThere() {
    return vmm.isEmpty() && failure.isEmpty();
  }

  /** Came too late to be of use: the guest is left as it is. */
  void letGo(World world, String guest) {
    vmm.ifPresent(
        v -> world.work("guest-" + guest + "-release", () -> v.release(Duration.ofSeconds(2))));
  }
}
