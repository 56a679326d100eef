package org.lodge.storage.internal.volume;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus.Use;
import org.lodge.vm.Definitions;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;
import org.lodge.vm.VolumeUse;

/** Which guests have which volumes, by their definitions and now. */
final class VolumeUsers {
  private final Guests guests;
  private final Devices devices;
  private final Definitions definitions;

  VolumeUsers(Guests guests, Devices devices, Definitions definitions) {
    this.guests = guests;
    this.devices = devices;
    this.definitions = definitions;
  }

  List<String> guests() {
    return guests.list().stream().map(GuestStatus::name).sorted().toList();
  }

  boolean isGuest(String name) {
    return guests().contains(name);
  }

  List<Use> of(String volume) {
    return all().getOrDefault(volume, List.of());
  }

  /** The devices by which Lodge serves it to guests that run: one that writes it, or readers. */
  List<DeviceStatus> devices(String volume) {
    return live().stream().filter(each -> volume(each).filter(volume::equals).isPresent()).toList();
  }

  /** Has each of its devices take over the size that it has now. */
  void tellSize(String volume) throws VolumeException, InterruptedException {
    for (DeviceStatus device : devices(volume)) {
      resize(device, Map.of());
    }
  }

  void resize(DeviceStatus device, Map<String, Object> arguments)
      throws VolumeException, InterruptedException {
    try {
      devices.control(device.guest(), device.id(), "resize", arguments).get();
    } catch (ExecutionException e) {
      throw new VolumeException(e.getCause().getMessage(), e.getCause());
    }
  }

  /** By volume: what definitions say, and what guests have beside them. */
  Map<String, List<Use>> all() {
    Map<String, Map<String, Use>> uses = new TreeMap<>();
    Map<String, Boolean> running = new HashMap<>();
    for (GuestStatus guest : guests.list()) {
      running.put(guest.name(), guest.state().hasProcess());
    }
    definitions
        .volumes()
        .forEach((guest, volumes) ->
            volumes.forEach(use -> put(uses, guest, use, running.getOrDefault(guest, false))));
    for (DeviceStatus device : live()) {
      VolumeUse use =
          new VolumeUse(
              volume(device).orElseThrow(),
              "device " + device.id(),
              isReadOnly(device),
              OptionalLong.empty());
      put(uses, device.guest(), use, true);
    }
    Map<String, List<Use>> lists = new HashMap<>();
    uses.forEach((volume, byPlace) -> lists.put(volume, List.copyOf(byPlace.values())));
    return lists;
  }

  private static void put(
      Map<String, Map<String, Use>> uses, String guest, VolumeUse use, boolean running) {
    uses.computeIfAbsent(use.volume(), volume -> new TreeMap<>())
        .put(guest + " " + use.as(), new Use(guest, use.as(), use.readOnly(), running));
  }

  /** Devices that Lodge serves now from volumes. */
  private List<DeviceStatus> live() {
    try {
      return devices.list(null).stream().filter(device -> volume(device).isPresent()).toList();
    } catch (GuestException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Optional<String> volume(DeviceStatus device) {
    return VolumeUse.ofDevice(device.type(), device.config());
  }

  static boolean isReadOnly(DeviceStatus device) {
    return Boolean.parseBoolean(device.config().getOrDefault("readOnly", "").toString());
  }

  /** Whether a guest that runs writes it. */
  boolean isWritten(String volume) {
    return devices(volume).stream().anyMatch(each -> !isReadOnly(each));
  }

  /** Why a volume that is in use stays as it is, and what to do. */
  VolumeException inUse(String name, Path disk, String what, Exception cause) {
    List<Use> running = of(name).stream().filter(Use::running).toList();
    String message =
        running.isEmpty()
            ? "volume '%s' can't be %s: a program has %s open".formatted(name, what, disk)
            : "volume '%s' can't be %s while guest '%s' has it as %s; %s"
                .formatted(
                    name,
                    what,
                    running.getFirst().guest(),
                    running.getFirst().as(),
                    remedy(running.getFirst()));
    return new VolumeException(message, cause);
  }

  private static String remedy(Use use) {
    return use.as().startsWith("device ")
        ? "lodge device rm %s %s, or lodge stop %s"
            .formatted(use.guest(), use.as().substring("device ".length()), use.guest())
        : "stop the guest first: lodge stop " + use.guest();
  }
}
