package org.lodge.vm.internal;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.vm.GuestStatus.StartTimes;
import org.lodge.vmm.Vmm;

/**
 * One life of a guest, from its creation to its end. What comes late from an earlier life carries
 * that life's object and is told apart by it. Confined to the guest's actor.
 */
final class Run {
  /** In force for this life; null while an earlier Lodge's process is looked for. */
  Definition definition;

  final long beganNanos;
  final boolean automatic;
  Vmm vmm;

  /** Read once: the monitor's answers for people. */
  List<String> commandLine = List.of();

  Optional<String> accelerator = Optional.empty();

  Optional<Duration> created = Optional.empty();
  Optional<Duration> running = Optional.empty();
  Optional<Duration> userSpace = Optional.empty();
  Optional<Duration> ready = Optional.empty();

  /** The monitor spoke before the boot was known to be done: it is asked then. */
  boolean spokeEarly;

  boolean reachedRunning;
  boolean isReady;

  /** A person or an orderly shutdown wants it to end. */
  boolean endAsked;

  /** Why it is being ended, where nobody asked. */
  Ending failure;

  Run(Definition definition, long beganNanos, boolean automatic) {
    this.definition = definition;
    this.beganNanos = beganNanos;
    this.automatic = automatic;
  }

  /** A failure, before the last lines are gathered. */
  record Ending(String stage, String cause, List<String> monitorLines) {}

  Optional<Duration> since(long nanos) {
    return Optional.of(Duration.ofNanos(nanos - beganNanos));
  }

  void took(Vmm vmm) {
    this.vmm = vmm;
    this.commandLine = List.copyOf(vmm.commandLine());
    this.accelerator =
        Optional.of(vmm.accelerator())
            .map(choice ->
                choice.accelerator().name().toLowerCase(java.util.Locale.ROOT)
                    + ": "
                    + choice.reason());
  }

  StartTimes startTimes() {
    return new StartTimes(created, running, userSpace, ready);
  }
}
