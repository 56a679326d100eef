package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.AcceleratorChoice;
import org.lodge.vmm.VmmException;

class AcceleratorsTest {
  private static final Accelerators.Kvm RUNS = new Accelerators.Kvm(Optional.empty(), true);
  private static final Accelerators.Kvm FAILS =
      new Accelerators.Kvm(Optional.of("a test guest failed"), true);
  private static final Accelerators.Kvm FAILS_WITHOUT_FLAGS =
      new Accelerators.Kvm(Optional.of("a test guest failed"), false);

  @Test
  void autoTakesKvmOnlyWhereAGuestRan() throws Exception {
    assertEquals(
        new AcceleratorChoice(Accelerator.KVM, "a test guest ran under KVM"),
        Accelerators.decide(Accelerator.AUTO, RUNS));
    assertEquals(
        new AcceleratorChoice(Accelerator.TCG, "no KVM: a test guest failed"),
        Accelerators.decide(Accelerator.AUTO, FAILS));
    assertEquals(
        new AcceleratorChoice(
            Accelerator.TCG,
            "no KVM: a test guest failed; the processor shows neither vmx nor svm"),
        Accelerators.decide(Accelerator.AUTO, FAILS_WITHOUT_FLAGS));
  }

  @Test
  void kvmWhereItCannotBeIsAnErrorThatSaysWhyAndWhatToDo() throws Exception {
    assertEquals(Accelerator.KVM, Accelerators.decide(Accelerator.KVM, RUNS).accelerator());
    VmmException refused =
        assertThrows(
            VmmException.class, () -> Accelerators.decide(Accelerator.KVM, FAILS_WITHOUT_FLAGS));
    assertEquals("accelerator", refused.stage());
    assertEquals(
        "no KVM: a test guest failed; the processor shows neither vmx nor svm."
            + " Set \"accel\" to \"auto\" to run without it",
        refused.getMessage());
  }
}
