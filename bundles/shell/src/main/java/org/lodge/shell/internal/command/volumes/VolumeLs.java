package org.lodge.shell.internal.command.volumes;

import jakarta.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Services;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.VolumeStatus.Kind;
import org.lodge.storage.Volumes;

/** {@code volume ls}: what guests keep on the host. */
final class VolumeLs extends VolumeCommand {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("VOLUME", Style.LEFT, 0),
          new Column("SIZE", Style.RIGHT, 0),
          new Column("USED", Style.RIGHT, 0),
          new Column("GUESTS", Style.LEFT, 1),
          new Column("SNAPSHOTS", Style.RIGHT, 1),
          new Column("REVERTS TO", Style.LEFT, 1),
          new Column("NOTE", Style.LEFT, 3));

  VolumeLs(Services services) {
    super(services);
  }

  @Override
  public Description description() {
    return describe(
        Description.of("volume ls", "List the volumes of guests")
            .details(
                "GUEST.root is the layer in which a guest with \"root\": \"volume\" keeps what it"
                    + " changes; the others are data disks. USED is what it takes up there."
                    + " GUESTS marks those that run with *. REVERTS TO says how old the state is"
                    + " that lodge volume revert gives back. KEEPER:NAME is on the disk of a guest,"
                    + " which has to be up to tell what is so now.")
            .example("lodge volume ls", "All of them.")
            .json("volumes", "by name"),
        "volumes[]");
  }

  @Override
  int run(Volumes volumes, Invocation invocation) {
    List<VolumeStatus> all = volumes.list();
    if (invocation.json()) {
      var array = Json.createArrayBuilder(all.stream().map(VolumeCommand::json).toList());
      invocation.print(Json.createObjectBuilder().add("volumes", array).build());
    } else if (all.isEmpty()) {
      invocation.out().println("There is no volume; see: lodge help volume create");
    } else {
      invocation.print(new Table(COLUMNS, all.stream().map(VolumeLs::row).toList()));
    }
    return ExitCode.OK;
  }

  private static List<String> row(VolumeStatus volume) {
    return List.of(
        volume.name(),
        Durations.size(volume.sizeBytes()),
        Durations.size(volume.allocatedBytes()),
        volume.uses().stream()
            .map(use -> use.guest() + (use.running() ? "*" : ""))
            .distinct()
            .collect(Collectors.joining(",")),
        Integer.toString(volume.snapshots().size()),
        volume.note().isPresent()
            ? ""
            : volume.snapshots().stream()
                .filter(each -> each.kind() == Kind.START)
                .findFirst()
                .map(start -> age(start.at()) + " ago")
                .orElse(""),
        volume.note().orElse(""));
  }

  static String age(Instant at) {
    return Durations.age(Duration.between(at, Instant.now()));
  }
}
