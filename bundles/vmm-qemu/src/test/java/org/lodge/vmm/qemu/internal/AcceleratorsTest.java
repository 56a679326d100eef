package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.AcceleratorChoice;
import org.lodge.vmm.VmmException;

class AcceleratorsTest {
  private static final Accelerators.Kvm RUNS = new Accelerators.Kvm(Optional.empty(), true);
  private static final Accelerators.Kvm FAILS =
      new Accelerators.Kvm(Optional.of("a test guest failed"), true);
  private static final Accelerators.Kvm FAILS_WITHOUT_FLAGS =
      new Accelerators.Kvm(Optional.of("a test guest failed"), false);

  @TempDir Path directory;

  private final Deque<Accelerators.Outcome> outcomes = new ArrayDeque<>();
  private long seconds;

  private Accelerators accelerators() throws Exception {
    Path qemu = directory.resolve("qemu");
    Path cache = directory.resolve("cache");
    if (Files.notExists(qemu)) {
      Files.writeString(qemu, "");
      Files.writeString(
          cache,
          """
          {"path": "%s", "modifiedMillis": "%d", "sizeBytes": "0", "options": [], "devices": [],
           "canRefuseSuspend": true}
          """
              .formatted(qemu, Files.getLastModifiedTime(qemu).toMillis()));
    }
    return new Accelerators(
        new QemuExecutable(Optional.of(qemu), cache),
        GuestUsers.of(1000, "0 0 4294967295"),
        (executable, uid, group) -> outcomes.remove(),
        () -> seconds * 1_000_000_000);
  }

  @Test
  void aClearAnswerIsKeptByALaterLodgeToo() throws Exception {
    outcomes.add(Accelerators.Outcome.failed("it said no"));
    assertEquals(Optional.of("it said no"), accelerators().trialFailure());
    assertEquals(Optional.of("it said no"), accelerators().trialFailure());
  }

  @Test
  void aTrialThatHadNoTimeIsMadeAgainLater() throws Exception {
    outcomes.add(Accelerators.Outcome.unclear("it had no time"));
    Accelerators accelerators = accelerators();
    assertEquals(Optional.of("it had no time"), accelerators.trialFailure());
    seconds = 9;
    assertEquals(Optional.of("it had no time"), accelerators.trialFailure(), "not at once");
    seconds = 10;
    outcomes.add(Accelerators.Outcome.RAN);
    assertEquals(Optional.empty(), accelerators.trialFailure());
    assertEquals(Optional.empty(), accelerators().trialFailure(), "which is kept");
  }

  @Test
  void trialsThatHaveNoTimeAgainAndAgainBecomeFewer() throws Exception {
    Accelerators accelerators = accelerators();
    for (int pause = 10; pause <= 40; pause *= 2) {
      outcomes.add(Accelerators.Outcome.unclear("no time, then " + pause));
      accelerators.trialFailure();
      assertTrue(outcomes.isEmpty());
      seconds += pause - 1;
      assertEquals(Optional.of("no time, then " + pause), accelerators.trialFailure());
      seconds++;
    }
  }

  @Test
  void aLaterLodgeMakesATrialThatHadNoTimeAgain() throws Exception {
    outcomes.add(Accelerators.Outcome.unclear("it had no time"));
    accelerators().trialFailure();
    outcomes.add(Accelerators.Outcome.RAN);
    assertEquals(Optional.empty(), accelerators().trialFailure());
  }

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
