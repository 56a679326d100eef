package org.lodge.vmm.qemu.internal;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.util.Optional;

/** The asynchronous messages of QMP that Lodge acts on; others are dropped where they are read. */
sealed interface QmpEvent {

  /** The virtual CPUs stopped; {@code query-status} tells why. */
  record Stopped() implements QmpEvent {}

  record Resumed() implements QmpEvent {}

  /** QEMU is about to end, or has stopped the guest for good. */
  record ShutDown(boolean byGuest, String reason) implements QmpEvent {}

  record Reset(boolean byGuest) implements QmpEvent {}

  record Panicked() implements QmpEvent {}

  /** The guest let go of a device that {@code device_del} had asked for. */
  record DeviceDeleted(String id) implements QmpEvent {}

  /** The guest refused to let go (QEMU 6.2 and later, where the hardware tells). */
  record UnplugRefused(String id) implements QmpEvent {}

  /** Empty for an event that Lodge does not act on or whose fields are not what they should be. */
  static Optional<QmpEvent> parse(JsonObject message) {
    JsonObject data = object(message, "data");
    return Optional.ofNullable(
        switch (string(message, "event")) {
          case "STOP" -> new Stopped();
          case "RESUME" -> new Resumed();
          case "SHUTDOWN" -> new ShutDown(isTrue(data, "guest"), string(data, "reason"));
          case "RESET" -> new Reset(isTrue(data, "guest"));
          case "GUEST_PANICKED" -> new Panicked();
          case "DEVICE_DELETED" ->
              string(data, "device").isEmpty() ? null : new DeviceDeleted(string(data, "device"));
          case "DEVICE_UNPLUG_GUEST_ERROR" -> new UnplugRefused(string(data, "device"));
          default -> null;
        });
  }

  private static JsonObject object(JsonObject from, String key) {
    return from.get(key) instanceof JsonObject found ? found : JsonValue.EMPTY_JSON_OBJECT;
  }

  private static String string(JsonObject from, String key) {
    return from.get(key) instanceof JsonString found ? found.getString() : "";
  }

  private static boolean isTrue(JsonObject from, String key) {
    return from.get(key) == JsonValue.TRUE;
  }
}
