package org.lodge.vm.internal;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.vhostuser.ProtocolFeature;
import org.lodge.vm.GuestVolumes;
import org.lodge.vm.VolumeUse;
import org.lodge.vmm.VhostUserDevice;

/**
 * A device as a person declared it.
 *
 * @param id unique in its guest
 * @param config keys of the device's own: {@code String}, {@code Boolean}, {@code Long} or {@code
 *     BigDecimal}
 */
record DeviceDeclaration(String id, String type, Map<String, Object> config) {
  static final String BLK = FrontEnds.BLK;
  static final String LANE = "lane";
  static final String VOLUME = "volume";
  private static final String FROM = "from";
  private static final String EXPORT = "export";
  private static final String HOST = "host";
  private static final String KEPT = "[a-z][a-z0-9-]{0,30}:[a-z][a-z0-9-]{0,30}";
  private static final int SERIAL_MAX = 20;
  static final String ID = "[a-z][a-z0-9-]{0,19}";

  /**
   * Front-ends for which the offer of a configuration space is more than QEMU 7.1 to 8.0 survives.
   */
  private static final Set<String> NO_CONFIG = Set.of(FrontEnds.FS, "net", "rng");

  DeviceDeclaration {
    config = Map.copyOf(config);
  }

  /** The volume that it is, by whichever keys it says so. */
  Optional<VolumeUse> volumeUse() {
    return volume()
        .map(name ->
            new VolumeUse(
                name,
                "device " + id,
                Boolean.parseBoolean(config.getOrDefault("readOnly", false).toString()),
                OptionalLong.empty()));
  }

  private Optional<String> volume() {
    return VolumeUse.ofDevice(type, config);
  }

  /** What is wrong with how it names its volume. */
  Optional<String> problem() {
    if (!type.equals(BLK) || !(config.get(VOLUME) instanceof String volume)) {
      return Optional.empty();
    }
    for (String other : List.of("path", FROM, EXPORT)) {
      if (config.containsKey(other)) {
        return Optional.of("name a volume by volume, or a disk by " + other + ", and not both");
      }
    }
    return VolumeUse.keeper(volume).isPresent() && !volume.matches(KEPT)
        ? Optional.of(
            "a volume of another guest is GUEST:VOLUME, as in storage:data, unlike " + volume)
        : Optional.empty();
  }

  /** As its device understands it, which knows files and disks of other guests alone. */
  DeviceDeclaration served(GuestVolumes.Held volumes) {
    if (!type.equals(BLK) || !(config.get(VOLUME) instanceof String volume)) {
      return this;
    }
    Map<String, Object> all = new LinkedHashMap<>(config);
    all.remove(VOLUME);
    Optional<String> keeper = VolumeUse.keeper(volume);
    if (keeper.isPresent()) {
      all.put(FROM, keeper.get());
      all.put(EXPORT, VolumeUse.ownName(volume));
    } else {
      all.put("path", volumes.file(volume).toString());
    }
    return new DeviceDeclaration(id, type, all);
  }

  /**
   * @param frontEnd what is going to connect, see {@link FrontEnds}
   */
  BackendSpec backend(String guest, String frontEnd, Path runDirectory) {
    // Memory slots withheld: the whole table comes each time, so a new process can pick it up.
    Set<ProtocolFeature> withheld =
        NO_CONFIG.contains(frontEnd)
            ? Set.of(ProtocolFeature.CONFIGURE_MEM_SLOTS, ProtocolFeature.CONFIG)
            : Set.of(ProtocolFeature.CONFIGURE_MEM_SLOTS);
    return new BackendSpec(
        guest, id, type, ownConfig(runDirectory), socket(runDirectory), withheld);
  }

  /** With what a person need not say. */
  private Map<String, Object> ownConfig(Path runDirectory) {
    if (!type.equals(VsockDevice.TYPE)) {
      return config;
    }
    Map<String, Object> all = new LinkedHashMap<>(config);
    all.putIfAbsent(
        VsockDevice.LEDGER, runDirectory.resolve("device-" + id + ".ledger").toString());
    return all;
  }

  VhostUserDevice frontEnd(String frontEnd, Path runDirectory) {
    // Left to itself, QEMU wants a queue for each CPU, and refuses a back-end with fewer.
    String queues = config.getOrDefault("queues", 1).toString();
    Map<String, String> properties =
        switch (frontEnd) {
          // A queue of 256 holds a request of 1 MiB in pages.
          case FrontEnds.BLK ->
              type.equals(LANE)
                  ? Map.of("num-queues", "1", "queue-size", "256")
                  : Map.of("num-queues", queues);
          // A queue of 1024 holds a request of 1 MiB in pages; left to itself QEMU makes one of
          // 128.
          case FrontEnds.FS ->
              Map.of(
                  "tag",
                  config.getOrDefault("tag", id).toString(),
                  "num-request-queues",
                  queues,
                  "queue-size",
                  "1024");
          default -> Map.of();
        };
    return new VhostUserDevice(id, frontEnd, socket(runDirectory), properties);
  }

  /** The guest that keeps what the device gives; empty where the host does. */
  Optional<String> keeper() {
    return type.equals(BLK) && config.get(FROM) instanceof String from && !from.equals(HOST)
        ? Optional.of(from)
        : volume().flatMap(VolumeUse::keeper);
  }

  /** By which the guest finds a disk. */
  String serial() {
    String serial = config.getOrDefault("serial", id).toString();
    return serial.substring(0, Math.min(serial.length(), SERIAL_MAX));
  }

  /** By which key it says so. */
  String keeperKey() {
    return config.containsKey(VOLUME) ? VOLUME : FROM;
  }

  Path socket(Path runDirectory) {
    return runDirectory.resolve("device-" + id + ".sock");
  }

  static DeviceDeclaration of(JsonObject json) {
    Map<String, Object> config = new LinkedHashMap<>();
    json.forEach((key, value) -> {
      if (!key.equals("id") && !key.equals("type")) {
        config.put(key, scalar(value));
      }
    });
    return new DeviceDeclaration(json.getString("id"), json.getString("type"), config);
  }

  static List<DeviceDeclaration> list(JsonArray array) {
    List<DeviceDeclaration> devices = new ArrayList<>();
    for (int i = 0; array != null && i < array.size(); i++) {
      devices.add(of(array.getJsonObject(i)));
    }
    return devices;
  }

  private static Object scalar(JsonValue value) {
    return switch (value) {
      case JsonString text -> text.getString();
      case JsonNumber number when number.isIntegral() -> number.longValueExact();
      case JsonNumber number -> number.bigDecimalValue();
      default -> value.getValueType() == JsonValue.ValueType.TRUE;
    };
  }

  static JsonArray json(List<DeviceDeclaration> devices) {
    JsonArrayBuilder array = Json.createArrayBuilder();
    devices.forEach(device -> array.add(device.json()));
    return array.build();
  }

  private JsonObject json() {
    JsonObjectBuilder json = Json.createObjectBuilder();
    config.forEach((key, value) -> {
      switch (value) {
        case Boolean flag -> json.add(key, flag);
        case Long number -> json.add(key, number);
        case BigDecimal number -> json.add(key, number);
        default -> json.add(key, value.toString());
      }
    });
    return json.add("id", id).add("type", type).build();
  }
}
