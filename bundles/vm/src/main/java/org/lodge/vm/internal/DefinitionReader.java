package org.lodge.vm.internal;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.lodge.agent.GuestService;
import org.lodge.agent.GuestSocket;
import org.lodge.configuration.SchemaValidator;
import org.lodge.vm.Definitions.Problem;
import org.lodge.vm.VolumeUse;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.VmmSpec;

/** Reads one definition: the schema first, then what a schema can't say. */
final class DefinitionReader {
  static final String NAME = "[a-z][a-z0-9-]{0,30}";

  /** What the agent moves much by; a device of the person's own may have taken its name. */
  private static final DeviceDeclaration LANE =
      new DeviceDeclaration("lane", DeviceDeclaration.LANE, Map.of());

  private static final long MIB = 1 << 20;
  private static final long MIN_MEMORY = 32 * MIB;
  private static final long MAX_MEMORY = 1024L * 1024 * MIB;

  /** Serials that Lodge gives to its own disks. */
  private static final Set<String> OWN_SERIALS = Set.of("root", "state");

  private final Path file;
  private final String name;
  private final List<Problem> problems = new ArrayList<>();
  private JsonObject json = JsonValue.EMPTY_JSON_OBJECT;

  private DefinitionReader(Path file, String name) {
    this.file = file;
    this.name = name;
  }

  /**
   * @param definition null where there are problems
   */
  record Result(Definition definition, List<Problem> problems) {}

  static Result read(Path file, String name, String text, SchemaValidator schema) {
    DefinitionReader reader = new DefinitionReader(file, name);
    if (!name.matches(NAME)) {
      reader.problem(
          "",
          name,
          "a guest's name is its file's: it begins with a letter a-z and has at most 31 of a-z, 0-9 and -");
    }
    try {
      Definition definition = reader.checked(text, schema);
      return new Result(reader.problems.isEmpty() ? definition : null, reader.problems);
    } catch (RuntimeException e) {
      // Whatever stands in one file, the other guests have nothing to do with it.
      reader.problem("", "", "can't be understood: " + e);
      return new Result(null, reader.problems);
    }
  }

  private Definition checked(String text, SchemaValidator schema) {
    for (SchemaValidator.Problem problem : schema.validate(text)) {
      problem(problem.key(), problem.value(), problem.message());
    }
    if (!problems.isEmpty()) {
      return null;
    }
    Definition definition = parse(text);
    checkVolumes(definition.volumes());
    return definition;
  }

  /** What a guest was started with; its files may be gone since, so problems do not count. */
  static Optional<Definition> readInForce(
      Path file, String name, String text, SchemaValidator schema) {
    try {
      return schema.validate(text).isEmpty()
          ? Optional.of(new DefinitionReader(file, name).parse(text))
          : Optional.empty();
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  private Definition parse(String text) {
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      json = reader.readObject();
    }
    checkBoot();
    boolean volume = json.getString("root", "memory").equals("volume");
    return new Definition(
        name,
        json.getString("description", ""),
        json.getString("vmm", "qemu"),
        Accelerator.valueOf(json.getString("accel", "auto").toUpperCase(Locale.ROOT)),
        memory(),
        json.getInt("cpus", 1),
        Optional.ofNullable(json.getString("image", null)),
        boot(),
        strings("arguments"),
        volume ? Optional.of(bytes(json.getString("volumeSize", "4G"))) : Optional.empty(),
        revert(),
        disks(),
        Optional.ofNullable(json.getJsonObject("screen"))
            .map(s -> new VmmSpec.Screen(s.getInt("width"), s.getInt("height"))),
        json.getString("network", "none").equals("user"),
        devices(),
        json.getInt("hotplugPorts", 4),
        json.getBoolean("vsock", true),
        services(),
        sockets(),
        Set.copyOf(strings("tags")),
        requires(),
        json.getBoolean("autostart", false),
        ready(),
        restart(),
        limits(),
        new Definition.Origin(file, text));
  }

  private void checkBoot() {
    if (json.containsKey("image")) {
      for (String key : List.of("kernel", "initrd", "commandLine")) {
        if (json.containsKey(key)) {
          problem(
              key,
              json.get(key).toString(),
              "comes from the image; leave it out, or leave out image");
        }
      }
    } else if (!json.containsKey("kernel")) {
      problem("image", "", "is missing: name an image or a kernel of your own");
    }
    boolean volume = json.getString("root", "memory").equals("volume");
    if (volume && !json.containsKey("image")) {
      problem("root", "\"volume\"", "needs an image; give a kernel of your own its disks in disks");
    }
    if (!volume && json.containsKey("volumeSize")) {
      problem("volumeSize", json.get("volumeSize").toString(), "is only for \"root\": \"volume\"");
    }
  }

  private long memory() {
    String text = json.getString("memory", "512M");
    long bytes = bytes(text);
    if (bytes < MIN_MEMORY || bytes > MAX_MEMORY) {
      problem("memory", "\"" + text + "\"", "must be 32M to 1024G");
    } else if (bytes > HostMemory.bytes()) {
      problem(
          "memory",
          "\"" + text + "\"",
          "is more than the " + HostMemory.bytes() / MIB + "M that this host has, with its swap");
    }
    return bytes;
  }

  private Optional<Definition.Boot> boot() {
    if (!json.containsKey("kernel")) {
      return Optional.empty();
    }
    return Optional.of(
        new Definition.Boot(
            path("kernel", json.getString("kernel")),
            Optional.ofNullable(json.getString("initrd", null)).map(p -> path("initrd", p)),
            json.getString("commandLine", "")));
  }

  private void checkVolumes(List<VolumeUse> uses) {
    for (int i = 0; i < uses.size(); i++) {
      for (VolumeUse other : uses.subList(0, i)) {
        VolumeUse use = uses.get(i);
        if (use.volume().equals(other.volume()) && !(use.readOnly() && other.readOnly())) {
          problem(
              "",
              "\"" + use.volume() + "\"",
              "is "
                  + other.as()
                  + " and "
                  + use.as()
                  + ", which a volume that is written can't be");
        }
      }
    }
  }

  private Definition.Revert revert() {
    JsonObject revert = object("revert");
    return new Definition.Revert(
        revert.getInt("keep", 1), Duration.ofMillis(millis(revert, "copySeconds", 250)));
  }

  private List<Definition.Disk> disks() {
    List<Definition.Disk> disks = new ArrayList<>();
    Set<String> serials = new HashSet<>();
    JsonArray array = json.getJsonArray("disks");
    for (int i = 0; array != null && i < array.size(); i++) {
      JsonObject disk = array.getJsonObject(i);
      String serial = disk.getString("serial");
      String key = "disks[" + i + "].";
      if (OWN_SERIALS.contains(serial)) {
        problem(
            key + "serial",
            "\"" + serial + "\"",
            "is the name of one of Lodge's own disks; take another");
      } else if (!serials.add(serial)) {
        problem(
            key + "serial",
            "\"" + serial + "\"",
            "is the serial of another disk too; take another");
      }
      if (disk.containsKey("path") == disk.containsKey("volume")) {
        problem(key + "path", "", "name a file by path, or a volume by volume, and not both");
      }
      disks.add(
          new Definition.Disk(
              serial,
              Optional.ofNullable(disk.getString("path", null))
                  .map(path -> path(key + "path", path)),
              Optional.ofNullable(disk.getString("volume", null)),
              disk.getBoolean("readOnly", false)));
    }
    return disks;
  }

  private List<DeviceDeclaration> devices() {
    List<DeviceDeclaration> devices = DeviceDeclaration.list(json.getJsonArray("devices"));
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < devices.size(); i++) {
      String id = devices.get(i).id();
      if (!ids.add(id)) {
        problem(
            "devices[" + i + "].id",
            "\"" + id + "\"",
            "is the id of another device too; take another");
      }
      if (devices.get(i).problem().isPresent()) {
        problem("devices[" + i + "].volume", "", devices.get(i).problem().get());
      }
    }
    if (json.getBoolean("vsock", true)
        && devices.stream().noneMatch(device -> device.type().equals(VsockDevice.TYPE))) {
      if (ids.contains(VsockDevice.ID)) {
        problem(
            "devices",
            "\"" + VsockDevice.ID + "\"",
            "is the id of the guest's virtio socket; take another, or set \"vsock\": false");
      }
      devices.add(VsockDevice.of(name));
    }
    if (json.getBoolean("vsock", true) && ids.add(LANE.id())) {
      devices.add(LANE);
    }
    return devices;
  }

  /** A guest whose disk is kept by another requires that one, whether it says so or not. */
  private List<String> requires() {
    Set<String> all = new LinkedHashSet<>(strings("requires"));
    List<DeviceDeclaration> devices = DeviceDeclaration.list(json.getJsonArray("devices"));
    for (int i = 0; i < devices.size(); i++) {
      Optional<String> keeper = devices.get(i).keeper();
      if (keeper.isPresent() && keeper.get().equals(name)) {
        problem(
            "devices[" + i + "]." + devices.get(i).keeperKey(),
            "\"" + name + "\"",
            "must be another guest than this one; a disk of the guest's own needs path");
      }
      keeper.ifPresent(all::add);
    }
    return List.copyOf(all);
  }

  private List<GuestService> services() {
    if (json.containsKey("services") && !json.getBoolean("vsock", true)) {
      problem("services", "", "needs the guest's virtio socket; leave out \"vsock\": false");
    }
    return ServiceDeclarations.of(object("services"), this::problem);
  }

  private List<GuestSocket> sockets() {
    List<GuestSocket> sockets = new ArrayList<>();
    boolean wayland = json.getBoolean("wayland", false);
    if ((wayland || json.containsKey("sockets")) && !json.getBoolean("vsock", true)) {
      problem(
          wayland ? "wayland" : "sockets",
          "",
          "needs the guest's virtio socket; leave out \"vsock\": false");
    }
    if (wayland) {
      sockets.add(GuestSocket.WAYLAND);
    }
    object("sockets")
        .forEach((path, value) -> {
          JsonObject one = value.asJsonObject();
          if (wayland && path.equals(GuestSocket.WAYLAND_PATH)) {
            problem("sockets." + path, "", "is that of \"wayland\": true; leave one of them out");
          }
          sockets.add(
              new GuestSocket(
                  path,
                  Integer.parseInt(one.getString("mode", "0666"), 8),
                  one.getString("service"),
                  one.getString("argument", ""),
                  one.getString("target", "@default"),
                  one.getBoolean("handles", false)));
        });
    return sockets;
  }

  private Path path(String key, String value) {
    try {
      Path path = file.toAbsolutePath().getParent().resolve(value).normalize();
      if (!Files.exists(path)) {
        problem(key, "\"" + value + "\"", "there is no file " + path);
      } else if (Files.isDirectory(path)) {
        problem(key, "\"" + value + "\"", path + " is a folder; name a file");
      } else if (!Files.isReadable(path)) {
        problem(key, "\"" + value + "\"", path + " can't be read by the user Lodge runs as");
      }
      return path;
    } catch (InvalidPathException e) {
      problem(key, "\"" + value + "\"", "is no path: " + e.getReason());
      return file;
    }
  }

  private Definition.Ready ready() {
    String ready = json.getString("ready", json.containsKey("image") ? "console" : "running");
    if (ready.equals("agent") && !json.getBoolean("vsock", true)) {
      problem("ready", "\"agent\"", "needs the guest's virtio socket; leave out \"vsock\": false");
    }
    return Definition.Ready.valueOf(ready.toUpperCase(Locale.ROOT));
  }

  private Definition.Restart restart() {
    JsonObject restart = object("restart");
    return new Definition.Restart(
        Definition.Policy.valueOf(
            restart.getString("policy", "never").toUpperCase(Locale.ROOT).replace('-', '_')),
        seconds(restart, "backoffSeconds", 1),
        seconds(restart, "maxBackoffSeconds", 60),
        restart.getInt("limit", 5));
  }

  private Definition.Limits limits() {
    JsonObject limits = object("limits");
    return new Definition.Limits(
        seconds(limits, "createSeconds", 20),
        seconds(limits, "readySeconds", 60),
        seconds(limits, "stopSeconds", 20));
  }

  private JsonObject object(String key) {
    JsonObject object = json.getJsonObject(key);
    return object == null ? JsonValue.EMPTY_JSON_OBJECT : object;
  }

  private static Duration seconds(JsonObject object, String key, int otherwise) {
    return Duration.ofMillis(millis(object, key, otherwise * 1000L));
  }

  private static long millis(JsonObject object, String key, long otherwise) {
    JsonNumber seconds = object.getJsonNumber(key);
    return seconds == null ? otherwise : Math.round(seconds.doubleValue() * 1000);
  }

  private static long bytes(String size) {
    long number = Long.parseLong(size.substring(0, size.length() - 1));
    return number * (size.endsWith("G") ? 1024 * MIB : MIB);
  }

  private List<String> strings(String key) {
    JsonArray array = json.getJsonArray(key);
    return array == null ? List.of() : array.getValuesAs(JsonString::getString);
  }

  private void problem(String key, String value, String message) {
    problems.add(new Problem(file, key, value, message));
  }
}
