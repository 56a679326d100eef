package org.lodge.vmm.qemu.internal;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.lodge.vmm.VhostUserDevice;
import org.lodge.vmm.VmmException;

/**
 * Adds vhost-user devices to a running guest and takes them away.
 *
 * <p>What is plugged where is asked of QEMU each time, so it is right after an adoption too.
 */
final class Hotplug {
  static final String PORT = "port";
  private static final String PLUGGED = "/machine/peripheral";
  private static final String CHARDEVS = "/chardevs";
  private static final String CHARDEV = "back-end-";
  private static final Duration CHARDEV_LIMIT = Duration.ofSeconds(2);
  private static final long CHARDEV_PAUSE_NANOS = 5_000_000;

  private final Monitor monitor;
  private final GuestEvents events;
  private final RunDirectory run;

  /** Sends a command and returns its answer. */
  interface Monitor {
    JsonValue execute(QmpRequest request, Duration limit) throws VmmException;
  }

  Hotplug(Monitor monitor, GuestEvents events, RunDirectory run) {
    this.monitor = monitor;
    this.events = events;
    this.run = run;
  }

  synchronized void plug(VhostUserDevice device) throws VmmException {
    Set<String> plugged = children(PLUGGED);
    if (plugged.contains(device.id())) {
      throw failed("device-add", "there is a device " + device.id() + " already", null);
    }
    String port = freePort(plugged);
    try {
      run.admit(device.socket());
    } catch (IOException e) {
      throw failed("device-add", "the back-end's socket " + e.getMessage() + " is not there", e);
    }
    String chardev = CHARDEV + device.id();
    execute(new QmpRequest.ChardevAdd(chardev, device.socket()));
    try {
      execute(new QmpRequest.DeviceAdd(properties(device, chardev, port)));
    } catch (VmmException e) {
      try {
        execute(new QmpRequest.ChardevRemove(chardev));
      } catch (VmmException left) {
        e.addSuppressed(left);
      }
      throw explained(device, e);
    }
  }

  private static VmmException explained(VhostUserDevice device, VmmException refusal) {
    if (refusal.getMessage().contains("requires kvm")) {
      return onlyWithKvm(device, refusal);
    }
    return refusal.getMessage().contains("is not a valid device model name")
        ? failed(
            "device-add",
            "this QEMU can't give a guest such a device: it has no front-end %s",
            refusal,
            driver(device))
        : refusal;
  }

  private static String driver(VhostUserDevice device) {
    return "vhost-user-" + device.type() + "-pci";
  }

  /** QEMU's vhost-user-input and vhost-user-gpu of version 7.2. */
  private static VmmException onlyWithKvm(VhostUserDevice device, VmmException refusal) {
    return failed(
        "device-add",
        "this QEMU gives a guest a vhost-user %s only with KVM, and the guest runs without it. Use a"
            + " host with KVM or a QEMU from version 10 on",
        refusal,
        device.type());
  }

  private static JsonObject properties(VhostUserDevice device, String chardev, String port) {
    JsonObjectBuilder properties =
        Text.JSON
            .createObjectBuilder()
            .add("driver", driver(device))
            .add("id", device.id())
            .add("chardev", chardev)
            .add("bus", port);
    for (Map.Entry<String, String> property : device.properties().entrySet()) {
      String value = property.getValue();
      if (property.getKey().equals("tag")) {
        properties.add("tag", value);
      } else if (value.matches("\\d{1,18}")) {
        properties.add(property.getKey(), Long.parseLong(value));
      } else if (value.equals("true") || value.equals("false")) {
        properties.add(property.getKey(), Boolean.parseBoolean(value));
      } else {
        properties.add(property.getKey(), value);
      }
    }
    return properties.build();
  }

  private String freePort(Set<String> plugged) throws VmmException {
    int ports = 0;
    for (int i = 0; plugged.contains(PORT + i); i++) {
      String port = PORT + i;
      if (children(PLUGGED + "/" + port + "/" + port).stream()
          .noneMatch(child -> child.startsWith("child["))) {
        return port;
      }
      ports++;
    }
    throw failed(
        "device-add",
        "all %d of the guest's ports are taken, by declared devices, added ones and shares; remove one of these, or say more \"hotplugPorts\" in the guest's definition and restart it"
            .formatted(ports),
        null);
  }

  synchronized void unplug(String id, Duration limit) throws VmmException {
    CompletableFuture<QmpEvent> outcome = events.unplugOf(id);
    boolean gone = false;
    try {
      if (children(PLUGGED).contains(id)) {
        askForRemoval(id);
      }
      if (children(PLUGGED).contains(id)) {
        awaitRemoval(id, outcome, limit);
      }
      gone = true;
      removeChardev(CHARDEV + id);
    } finally {
      if (gone) {
        events.forgetUnplugOf(id);
      } else {
        events.giveUpUnplugOf(id);
      }
    }
  }

  private void askForRemoval(String id) throws VmmException {
    try {
      execute(new QmpRequest.DeviceDelete(id));
    } catch (QmpException e) {
      if (!isRefusal(e, "in the process of", "guest is busy", "not found")) {
        throw e;
      }
      // Asked before, and the guest has still to let go or has just done so: that request stands.
    }
  }

  private static boolean isRefusal(QmpException e, String... reasons) {
    return e.kind() == QmpException.Kind.REFUSED
        && Stream.of(reasons).anyMatch(e.getMessage()::contains);
  }

  /** QEMU tells of a device's end before it lets go of its chardev, and has no event for that. */
  private void removeChardev(String chardev) throws VmmException {
    Deadline deadline = Deadline.in(CHARDEV_LIMIT);
    while (children(CHARDEVS).contains(chardev)) {
      try {
        execute(new QmpRequest.ChardevRemove(chardev));
      } catch (QmpException e) {
        if (!isRefusal(e, "busy") || deadline.passed()) {
          throw e;
        }
        LockSupport.parkNanos(CHARDEV_PAUSE_NANOS);
      }
    }
  }

  private void awaitRemoval(String id, CompletableFuture<QmpEvent> outcome, Duration limit)
      throws VmmException {
    try {
      if (outcome.get(limit.toMillis(), TimeUnit.MILLISECONDS) instanceof QmpEvent.UnplugRefused) {
        throw failed("device-del", "the guest refused to let go of " + id, null);
      }
    } catch (TimeoutException e) {
      if (children(PLUGGED).contains(id)) {
        throw failed(
            "device-del",
            "the guest did not let go of %s within %d ms; it is still there, but may go later."
                + " Unmount or close what uses it in the guest, then try again",
            e,
            id,
            limit.toMillis());
      }
    } catch (ExecutionException e) {
      throw failed("device-del", String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("device-del", "interrupted; whether " + id + " is gone is not known", e);
    }
  }

  /** Names of what QEMU's object tree holds at this path; nothing where there is no such path. */
  private Set<String> children(String path) throws VmmException {
    JsonValue list;
    try {
      list = execute(new QmpRequest.QomList(path));
    } catch (QmpException e) {
      if (e.kind() == QmpException.Kind.REFUSED) {
        return Set.of();
      }
      throw e;
    }
    Set<String> names = new HashSet<>();
    if (list instanceof JsonArray array) {
      for (JsonValue each : array) {
        if (each instanceof JsonObject object && object.get("name") instanceof JsonString name) {
          names.add(name.getString());
        }
      }
    }
    return names;
  }

  private JsonValue execute(QmpRequest request) throws VmmException {
    return monitor.execute(request, QemuVmm.COMMAND_LIMIT);
  }

  private static VmmException failed(
      String stage, String format, Throwable cause, Object... values) {
    String message = values.length == 0 ? format : format.formatted(values);
    return new VmmException(stage, message, List.of(), cause);
  }
}
