package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lodge.boot.UnusedJars;
import org.lodge.boot.UnusedJars.UnusedJar;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Services;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.DeviceStatus.Takeover;

/** {@code device ls [GUEST]}: the devices that Lodge serves. */
final class DeviceLs implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("GUEST", Style.LEFT, 0),
          new Column("ID", Style.LEFT, 0),
          new Column("TYPE", Style.LEFT, 0),
          new Column("STATE", Style.LEFT, 0),
          new Column("VERSION", Style.LEFT, 1),
          new Column("REQUESTS", Style.RIGHT, 2),
          new Column("NOTE", Style.LEFT, 3));

  private final Services services;

  DeviceLs(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return DeviceJson.describe(
        Description.of("device ls", "List the devices that Lodge serves to its guests")
            .details(
                "Devices of guests that run, declared and added ones. VERSION is that of the logic"
                    + " that serves the device; put another version's jar into the deploy folder"
                    + " and it takes over while the guest goes on. NOTE tells the last such"
                    + " takeover and its pause, a refusal and its reason, a jar in the folder that"
                    + " can't be used, or what is wrong; and of a disk that another guest keeps"
                    + " whether it is connected, or since when its requests wait.")
            .argument("GUEST", Kind.GUEST, Arity.OPTIONAL, "only this one's")
            .flag("counters", 'c', "what each device has counted, too")
            .example("lodge device ls", "Those of all guests.")
            .example("lodge device ls --counters work", "Those of work, with their counters.")
            .json("devices", "by guest, in the order in which they were added")
            .json("unusedJars[].jar", "the name of a file in the deploy folder that does not work")
            .json("unusedJars[].deviceType", "whose logic it should have been; absent if unknown")
            .json("unusedJars[].reason", "why"),
        "devices[]");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<DeviceStatus> devices = services.devices().list(invocation.optional("GUEST").orElse(null));
    UnusedJars known = services.peek(UnusedJars.class);
    List<UnusedJar> unused = known == null ? List.of() : known.list();
    if (invocation.json()) {
      var array = Json.createArrayBuilder(devices.stream().map(DeviceJson::of).toList());
      var jars = Json.createArrayBuilder(unused.stream().map(DeviceJson::of).toList());
      invocation.print(
          Json.createObjectBuilder().add("devices", array).add("unusedJars", jars).build());
      return ExitCode.OK;
    }
    if (devices.isEmpty()) {
      invocation.out().println(none(invocation.optional("GUEST")));
    } else {
      invocation.print(
          new Table(COLUMNS, devices.stream().map(device -> row(device, unused)).toList()));
      if (invocation.flag("counters")) {
        devices.forEach(device -> counters(device, invocation));
      }
    }
    for (UnusedJar jar : unused) {
      if (devices.stream().noneMatch(device -> isFor(jar, device))) {
        invocation.out().println(sentence(jar));
      }
    }
    return ExitCode.OK;
  }

  private String none(Optional<String> guest) throws Exception {
    if (guest.isEmpty()) {
      return "No running guest has a device of Lodge; see: lodge help device add";
    }
    String name = guest.get();
    return services.guests().status(name).state().hasProcess()
        ? name + " has no device of Lodge; see: lodge help device add"
        : name + " does not run, so Lodge serves no device to it; first: lodge start " + name;
  }

  private static void counters(DeviceStatus device, Invocation invocation) {
    invocation.out().println();
    invocation.out().println(device.guest() + " " + device.id() + ":");
    for (DeviceStatus.Counter counter : device.counters()) {
      invocation.out().printf("  %-28s %,d %s%n", counter.name(), counter.value(), counter.unit());
    }
  }

  private static boolean isFor(UnusedJar jar, DeviceStatus device) {
    return jar.deviceType().equals(Optional.of(device.type()));
  }

  private static String sentence(UnusedJar jar) {
    return jar.jar() + " is not used: " + jar.reason();
  }

  private static List<String> row(DeviceStatus device, List<UnusedJar> unused) {
    boolean counts = device.counters().stream().anyMatch(DeviceLs::isOfRequests);
    long requests =
        device.counters().stream()
            .filter(DeviceLs::isOfRequests)
            .mapToLong(DeviceStatus.Counter::value)
            .sum();
    return List.of(
        device.guest(),
        device.id(),
        device.type(),
        DeviceJson.state(device),
        device.version().orElse(""),
        counts ? Long.toString(requests) : "",
        note(device, unused));
  }

  /** What a virtio socket has instead is packets. */
  private static boolean isOfRequests(DeviceStatus.Counter counter) {
    return counter.unit().equals("requests")
        || counter.name().equals("sent.packets")
        || counter.name().equals("received.packets");
  }

  private static String note(DeviceStatus device, List<UnusedJar> unused) {
    List<String> notes = new ArrayList<>();
    if (device.trouble().isPresent()) {
      notes.add(device.trouble().get());
    } else if (device.config().get("from") instanceof String from) {
      notes.add(
          "%s of %s, connected".formatted(device.config().getOrDefault("export", "disk"), from));
    }
    Optional<Takeover> last = device.lastTakeover();
    last.filter(t -> t.taken() && !t.to().isEmpty())
        .ifPresent(t ->
            notes.add(
                String.format(
                    Locale.ROOT,
                    "%s took over from %s, pause %.1f ms",
                    t.to(),
                    t.from(),
                    t.pauseMicros() / 1000.0)));
    last.filter(t -> !t.taken()).ifPresent(t -> notes.add(t.to() + " refused: " + t.reason()));
    unused.stream().filter(jar -> isFor(jar, device)).map(DeviceLs::sentence).forEach(notes::add);
    return String.join("; ", notes);
  }
}
