package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.VmmSpec;

/**
 * What a person declared about one guest, checked. Two are equal where a start would do the same.
 *
 * @param image absent where {@code boot} names a kernel
 * @param volumeBytes present where the guest's changes last
 * @param saysReady whether it is ready only once its console has said so
 */
record Definition(
    String name,
    String description,
    String vmm,
    Accelerator accelerator,
    long memoryBytes,
    int cpus,
    Optional<String> image,
    Optional<Boot> boot,
    List<String> arguments,
    Optional<Long> volumeBytes,
    List<VmmSpec.Disk> disks,
    Optional<VmmSpec.Screen> screen,
    boolean userNetwork,
    List<DeviceDeclaration> devices,
    List<String> requires,
    boolean autostart,
    boolean saysReady,
    Restart restart,
    Limits limits,
    Origin origin) {

  Definition {
    arguments = List.copyOf(arguments);
    disks = List.copyOf(disks);
    devices = List.copyOf(devices);
    requires = List.copyOf(requires);
  }

  /** The file and its text. Where a guest is declared makes no difference to what it is. */
  record Origin(Path file, String text) {

    @Override
    public boolean equals(Object other) {
      return other instanceof Origin;
    }

    @Override
    public int hashCode() {
      return 0;
    }
  }

  /** A kernel of the person's own. */
  record Boot(Path kernel, Optional<Path> initrd, String commandLine) {}

  /** When a guest that has ended is started again. */
  enum Policy {
    NEVER,
    ON_FAILURE,
    ALWAYS
  }

  /**
   * @param limit automatic starts in a row
   */
  record Restart(Policy policy, Duration backoff, Duration maxBackoff, int limit) {

    /** Doubled with each attempt, the first being 0. */
    Duration delay(int attempt) {
      double factor = Math.pow(2, Math.min(attempt, 30));
      double millis = Math.min(backoff.toMillis() * factor, maxBackoff.toMillis());
      return Duration.ofMillis((long) millis);
    }
  }

  /** Time limits of one guest. */
  record Limits(Duration create, Duration ready, Duration stop) {}
}
