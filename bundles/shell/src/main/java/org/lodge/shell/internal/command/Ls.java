package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.GuestText;
import org.lodge.shell.internal.Jsons;
import org.lodge.shell.internal.ProcessUse;
import org.lodge.shell.internal.SafeText;
import org.lodge.shell.internal.Services;
import org.lodge.vm.Definitions;
import org.lodge.vm.Definitions.Problem;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.GuestStatus.StartTimes;
import org.lodge.vm.Guests;

/** {@code ls}: one line per guest. */
final class Ls implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("NAME", Style.LEFT, 1),
          new Column("STATE", Style.STATE, 0),
          new Column("READY", Style.LEFT, 0),
          new Column("SINCE", Style.RIGHT, 0),
          new Column("CPUS", Style.RIGHT, 0),
          new Column("MEMORY", Style.RIGHT, 0),
          new Column("USED", Style.RIGHT, 0),
          new Column("REQUIRES", Style.LEFT, 3),
          new Column("NOTE", Style.LEFT, 2));

  private static final List<Column> TIMES =
      List.of(
          new Column("NAME", Style.LEFT, 1),
          new Column("STATE", Style.STATE, 0),
          new Column("CREATED", Style.RIGHT, 0),
          new Column("RUNNING", Style.RIGHT, 0),
          new Column("USER SPACE", Style.RIGHT, 0),
          new Column("READY", Style.RIGHT, 0));

  private final Services services;

  Ls(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    Description description =
        Description.of("ls", "List the guests and their states")
            .details(
                "READY is whether it has come up, which its agent or its console says. SINCE is how long a guest has been in its state, as far as the Lodge that runs has seen it, USED the memory that its monitor"
                    + " holds, with what the monitor itself needs, which without KVM may be more"
                    + " than the guest's memory. NOTE says whether an edited definition waits for"
                    + " the next start (pending), is refused or was removed, how often the guest was restarted by itself, and at which stage and why a start failed.")
            .argument("GUEST", Kind.GUEST, Arity.ANY, "only these; all if none is named")
            .flag("times", 't', "how long each step of the last start took, instead")
            .example("lodge ls", "All guests.")
            .example(
                "lodge ls --json | jq -r '.guests[] | select(.state==\"failed\").name'",
                "The names of those that failed.")
            .json("guests", "the guests by name");
    return Jsons.describeGuest(description, "guests[]")
        .json("guests[].ready", "whether it has come up; absent where that is not known");
  }

  private JsonObjectBuilder json(GuestStatus status) {
    JsonObjectBuilder json = Json.createObjectBuilder(Jsons.guest(status));
    String ready = FromInside.ready(services, status);
    if (!ready.isEmpty()) {
      json.add("ready", ready.equals("yes"));
    }
    return json;
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Guests guests = services.guests();
    List<GuestStatus> list = new ArrayList<>();
    if (invocation.texts("GUEST").isEmpty()) {
      list.addAll(guests.list());
    }
    for (String name : invocation.texts("GUEST")) {
      list.add(guests.status(name));
    }
    if (invocation.json()) {
      JsonArrayBuilder all = Json.createArrayBuilder();
      list.forEach(status -> all.add(json(status)));
      invocation.print(Json.createObjectBuilder().add("guests", all).build());
    } else if (list.isEmpty()) {
      invocation.out().println("No guest is declared; see config/vm and: lodge help check");
    } else if (invocation.flag("times")) {
      invocation.print(new Table(TIMES, list.stream().map(Ls::times).toList()));
    } else {
      Set<Path> refused = refused();
      Set<String> cutOff = cutOff();
      invocation.print(
          new Table(COLUMNS, list.stream().map(status -> row(status, refused, cutOff)).toList()));
      list.forEach(status -> status.definitionFile().ifPresent(refused::remove));
      if (invocation.texts("GUEST").isEmpty() && !refused.isEmpty()) {
        invocation.err().println("no guest for now: " + names(refused) + "; see: lodge check");
      }
    }
    return ExitCode.OK;
  }

  private static List<String> times(GuestStatus status) {
    StartTimes times = status.startTimes();
    return List.of(
        status.name(),
        GuestText.state(status),
        time(times.created()),
        time(times.running()),
        time(times.userSpace()),
        time(times.ready()));
  }

  private static String time(Optional<Duration> time) {
    return time.map(Durations::seconds).orElse("");
  }

  private Set<Path> refused() {
    Definitions definitions = services.peek(Definitions.class);
    return definitions == null
        ? new HashSet<>()
        : definitions.refused().stream()
            .map(Problem::file)
            .collect(Collectors.toCollection(HashSet::new));
  }

  /** Of definitions that never were good while this Lodge runs. */
  private static String names(Set<Path> refused) {
    return refused.stream()
        .map(file -> SafeText.safe(file.getFileName().toString().replaceFirst("\\.json$", "")))
        .sorted()
        .collect(Collectors.joining(", "));
  }

  /** Guests whose agent can't be reached, such as after Lodge was killed with its keeper. */
  private Set<String> cutOff() throws GuestException {
    Devices devices = services.peek(Devices.class);
    return devices == null
        ? Set.of()
        : devices.list(null).stream()
            .filter(device -> device.type().equals("vsock") && device.trouble().isPresent())
            .map(DeviceStatus::guest)
            .collect(Collectors.toSet());
  }

  private static String note(GuestStatus status, Set<Path> refused, Set<String> cutOff) {
    String note = GuestText.note(status);
    if (status.state() == GuestState.RUNNING && cutOff.contains(status.name())) {
      note = "cut off, see: lodge device ls" + (note.isEmpty() ? "" : "; " + note);
    }
    return status.definitionFile().filter(refused::contains).isPresent()
        ? "definition refused, see: lodge check" + (note.isEmpty() ? "" : "; " + note)
        : note;
  }

  private List<String> row(GuestStatus status, Set<Path> refused, Set<String> cutOff) {
    String used = "";
    if (status.pid().isPresent()) {
      used =
          ProcessUse.of(status.pid().getAsLong())
              .map(use -> Durations.size(use.residentBytes()))
              .orElse("");
    }
    return List.of(
        status.name(),
        GuestText.state(status),
        FromInside.ready(services, status),
        GuestText.age(status),
        Integer.toString(status.cpus()),
        Durations.size(status.memoryBytes()),
        used,
        String.join(",", status.requires()),
        note(status, refused, cutOff));
  }
}
