package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongSupplier;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.AcceleratorChoice;
import org.lodge.vmm.VmmException;

/** Decides between KVM and TCG, and says why. */
final class Accelerators {
  private static final Path DEVICE = Path.of("/dev/kvm");
  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  /**
   * Guests that start together wait for one trial that says nothing, not each for its own; and
   * where trials say nothing again and again, ever fewer guests do.
   */
  private static final long AGAIN_NANOS = Duration.ofSeconds(10).toNanos();

  private static final long AGAIN_NANOS_MAX = Duration.ofHours(1).toNanos();

  private final QemuExecutable qemu;
  private final GuestUsers users;
  private final Trial trial;
  private final LongSupplier nanos;

  /** Of a trial that has said nothing; null where there is none. */
  private Unclear unclear;

  /**
   * @param nanos a clock, as {@link System#nanoTime}
   */
  Accelerators(QemuExecutable qemu, GuestUsers users, Trial trial, LongSupplier nanos) {
    this.qemu = qemu;
    this.users = users;
    this.trial = trial;
    this.nanos = nanos;
  }

  /** Runs a test guest under KVM. */
  interface Trial {
    Outcome run(Path executable, long uid, OptionalLong group)
        throws IOException, InterruptedException;
  }

  /**
   * How a test guest did.
   *
   * @param failure empty where it ran
   * @param clear whether it would do the same again; not where it had no time
   */
  record Outcome(Optional<String> failure, boolean clear) {
    static final Outcome RAN = new Outcome(Optional.empty(), true);

    static Outcome failed(String why) {
      return new Outcome(Optional.of(why), true);
    }

    static Outcome unclear(String why) {
      return new Outcome(Optional.of(why), false);
    }
  }

  /**
   * @param pauseNanos how long no trial is made after it
   */
  private record Unclear(Optional<String> failure, long nanos, long pauseNanos) {}

  /**
   * KVM on this host.
   *
   * @param obstacle why guests can't run under it; empty if they can
   * @param processorFlags whether the processor announces {@code vmx} or {@code svm}; no proof, but
   *     the usual reason
   */
  record Kvm(Optional<String> obstacle, boolean processorFlags) {}

  AcceleratorChoice choose(Accelerator wanted) throws VmmException {
    return wanted == Accelerator.TCG
        ? new AcceleratorChoice(Accelerator.TCG, "the definition asks for it")
        : decide(wanted, kvm());
  }

  static AcceleratorChoice decide(Accelerator wanted, Kvm kvm) throws VmmException {
    if (kvm.obstacle().isEmpty()) {
      return new AcceleratorChoice(Accelerator.KVM, "a test guest ran under KVM");
    }
    String why =
        kvm.obstacle().get()
            + (kvm.processorFlags() ? "" : "; the processor shows neither vmx nor svm");
    if (wanted == Accelerator.KVM) {
      throw new VmmException(
          "accelerator", "no KVM: " + why + ". Set \"accel\" to \"auto\" to run without it");
    }
    return new AcceleratorChoice(Accelerator.TCG, "no KVM: " + why);
  }

  /** The supplementary group with which a guest's user opens the device. */
  OptionalLong group() throws VmmException {
    try {
      if (!users.switched() || othersMayUse(permissions())) {
        return OptionalLong.empty();
      }
      return OptionalLong.of(((Integer) Files.getAttribute(DEVICE, "unix:gid")) & 0xffff_ffffL);
    } catch (IOException e) {
      throw new VmmException("accelerator", DEVICE + ": " + e.getMessage(), List.of(), e);
    }
  }

  private Kvm kvm() throws VmmException {
    try {
      Optional<String> obstacle = unreachable();
      if (obstacle.isEmpty()) {
        obstacle = trialFailure().map(why -> DEVICE + " opens, but a test guest failed: " + why);
      }
      return new Kvm(obstacle, obstacle.isEmpty() || processorFlags());
    } catch (IOException e) {
      return new Kvm(Optional.of("it could not be examined: " + e.getMessage()), true);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new VmmException("accelerator", "interrupted", List.of(), e);
    }
  }

  private Optional<String> unreachable() throws IOException {
    if (!Files.exists(DEVICE)) {
      return Optional.of("there is no " + DEVICE);
    }
    if (!users.switched()) {
      return Files.isReadable(DEVICE) && Files.isWritable(DEVICE)
          ? Optional.empty()
          : Optional.of("this user can't open %s (join its group)".formatted(DEVICE));
    }
    PosixFileAttributes device = Files.readAttributes(DEVICE, PosixFileAttributes.class);
    Set<PosixFilePermission> permissions = device.permissions();
    // Group 0 would give a guest's QEMU more than the device.
    boolean groupMayUse =
        ((Integer) Files.getAttribute(DEVICE, "unix:gid")) != 0
            && permissions.contains(PosixFilePermission.GROUP_READ)
            && permissions.contains(PosixFilePermission.GROUP_WRITE);
    return othersMayUse(permissions) || groupMayUse
        ? Optional.empty()
        : Optional.of(
            "a guest's unprivileged user can't open %s (%s %s:%s)"
                .formatted(
                    DEVICE,
                    PosixFilePermissions.toString(permissions),
                    device.owner().getName(),
                    device.group().getName()));
  }

  private static Set<PosixFilePermission> permissions() throws IOException {
    return Files.getPosixFilePermissions(DEVICE);
  }

  private static boolean othersMayUse(Set<PosixFilePermission> permissions) {
    return permissions.contains(PosixFilePermission.OTHERS_READ)
        && permissions.contains(PosixFilePermission.OTHERS_WRITE);
  }

  /** Why no test guest ran; empty if one did. */
  synchronized Optional<String> trialFailure()
      throws IOException, InterruptedException, VmmException {
    String bootId = ProcessIdentities.bootId();
    QemuExecutable.Answers answers = qemu.answers();
    Optional<QemuExecutable.KvmTrial> known =
        answers.kvm().filter(earlier -> earlier.bootId().equals(bootId));
    if (known.isPresent()) {
      return known.get().failure();
    }
    if (unclear != null && nanos.getAsLong() - unclear.nanos() < unclear.pauseNanos()) {
      return unclear.failure();
    }
    Outcome outcome = trial.run(answers.executable().path(), users.spare(), group());
    Optional<String> failure = outcome.failure();
    if (outcome.clear()) {
      unclear = null;
      qemu.remember(answers.executable(), new QemuExecutable.KvmTrial(bootId, failure));
    } else {
      long pauseNanos =
          unclear == null ? AGAIN_NANOS : Math.min(2 * unclear.pauseNanos(), AGAIN_NANOS_MAX);
      unclear = new Unclear(failure, nanos.getAsLong(), pauseNanos);
    }
    return failure;
  }

  private static boolean processorFlags() throws IOException {
    try (var lines = Files.lines(PROCESSORS)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .filter(line -> (line + " ").matches(".* (vmx|svm) .*"))
          .isPresent();
    }
  }
}
