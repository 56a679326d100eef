package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.lodge.agent.GuestService;
import org.lodge.agent.GuestSocket;
import org.lodge.vm.VolumeUse;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.VmmSpec;

/**
 * What a person declared about one guest, checked. Two are equal where a start would do the same.
 *
 * @param image absent where {@code boot} names a kernel
 * @param volumeBytes present where the guest's changes last
 * @param revert what is kept of its volumes at each start
 * @param devices those that the person declared, and those that every guest has
 * @param hotplugPorts how many devices it can have beside those, while it runs
 * @param vsock whether it has a virtio socket, and so the agent
 * @param services what it offers to other guests through its agent
 * @param sockets on what its agent listens for its programs
 * @param tags by which rules of the policy can speak of it
 * @param ready when it counts as such
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
    Revert revert,
    List<Disk> disks,
    Optional<VmmSpec.Screen> screen,
    boolean userNetwork,
    List<DeviceDeclaration> devices,
    int hotplugPorts,
    boolean vsock,
    List<GuestService> services,
    List<GuestSocket> sockets,
    Set<String> tags,
    List<String> requires,
    boolean autostart,
    Ready ready,
    Restart restart,
    Limits limits,
    Origin origin) {

  Definition {
    arguments = List.copyOf(arguments);
    disks = List.copyOf(disks);
    devices = List.copyOf(devices);
    services = List.copyOf(services);
    sockets = List.copyOf(sockets);
    tags = Set.copyOf(tags);
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

  /** The volumes that it names, its own layer first. */
  List<VolumeUse> volumes() {
    List<VolumeUse> uses = new ArrayList<>();
    volumeBytes.ifPresent(bytes ->
        uses.add(new VolumeUse(VolumeUse.layer(name), "root", false, OptionalLong.of(bytes))));
    disks.forEach(disk ->
        disk.volume()
            .ifPresent(volume ->
                uses.add(
                    new VolumeUse(
                        volume, "disk " + disk.serial(), disk.readOnly(), OptionalLong.empty()))));
    devices.forEach(device -> device.volumeUse().ifPresent(uses::add));
    return uses;
  }

  /**
   * A disk that the monitor serves.
   *
   * @param path absent where {@code volume} names one
   */
  record Disk(String serial, Optional<Path> path, Optional<String> volume, boolean readOnly) {}

  /**
   * @param keep how many starts can be undone
   * @param copy how long a start may be held up for that where blocks can't be shared
   */
  record Revert(int keep, Duration copy) {}

  /** A kernel of the person's own. */
  record Boot(Path kernel, Optional<Path> initrd, String commandLine) {}

  /** When a guest counts as ready. */
  enum Ready {
    /** Once it has said so, by its agent or on its console. */
    CONSOLE,
    /** Once its agent is there. */
    AGENT,
    /** Once its CPUs run. */
    RUNNING
  }

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
