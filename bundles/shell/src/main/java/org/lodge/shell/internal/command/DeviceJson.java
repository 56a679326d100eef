package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.math.BigDecimal;
import java.util.Locale;
import org.lodge.boot.UnusedJars.UnusedJar;
import org.lodge.shell.Description;
import org.lodge.vm.DeviceStatus;

/** The JSON of devices; the keys are a promise, and {@link #describe} documents them. */
final class DeviceJson {
  private DeviceJson() {}

  static Description describe(Description description, String prefix) {
    return description
        .json(prefix + ".guest", "the guest")
        .json(prefix + ".id", "what commands call the device")
        .json(prefix + ".type", "such as blk or rng")
        .json(
            prefix + ".state",
            "running where a driver of the guest uses it, unused, unconnected, or closed where it"
                + " is not served")
        .json(prefix + ".version", "of the logic that serves it; absent while there is none")
        .json(prefix + ".config", "the device's own keys")
        .json(prefix + ".counters", "by name")
        .json(prefix + ".trouble", "why it can't do its work; absent while all is well")
        .json(prefix + ".takeovers", "how often other logic has taken over")
        .json(
            prefix + ".lastTakeover",
            "from, to, taken, pauseMicros, and the reason where it was refused; absent before the"
                + " first");
  }

  static JsonObject of(DeviceStatus device) {
    JsonObjectBuilder json = Json.createObjectBuilder();
    json.add("guest", device.guest()).add("id", device.id()).add("type", device.type());
    json.add("state", state(device));
    device.version().ifPresent(version -> json.add("version", version));
    JsonObjectBuilder config = Json.createObjectBuilder();
    device
        .config()
        .forEach((key, value) -> {
          switch (value) {
            case Boolean flag -> config.add(key, flag);
            case Number number -> config.add(key, new BigDecimal(number.toString()));
            default -> config.add(key, value.toString());
          }
        });
    json.add("config", config);
    JsonObjectBuilder counters = Json.createObjectBuilder();
    device.counters().forEach(counter -> counters.add(counter.name(), counter.value()));
    json.add("counters", counters);
    device.trouble().ifPresent(trouble -> json.add("trouble", trouble));
    json.add("takeovers", device.takeovers());
    device
        .lastTakeover()
        .ifPresent(last -> {
          JsonObjectBuilder takeover = Json.createObjectBuilder();
          takeover.add("from", last.from()).add("to", last.to()).add("taken", last.taken());
          takeover.add("pauseMicros", last.pauseMicros());
          if (!last.taken()) {
            takeover.add("reason", last.reason());
          }
          json.add("lastTakeover", takeover);
        });
    return json.build();
  }

  static JsonObject of(UnusedJar unused) {
    JsonObjectBuilder json = Json.createObjectBuilder().add("jar", unused.jar());
    unused.deviceType().ifPresent(type -> json.add("deviceType", type));
    return json.add("reason", unused.reason()).build();
  }

  static String state(DeviceStatus device) {
    return device.state().name().toLowerCase(Locale.ROOT);
  }
}
