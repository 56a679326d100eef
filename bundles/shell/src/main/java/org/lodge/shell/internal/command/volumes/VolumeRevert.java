package org.lodge.shell.internal.command.volumes;

import jakarta.json.Json;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.Volumes;

/** {@code volume revert VOLUME|GUEST}: gives volumes back what they were. */
final class VolumeRevert extends VolumeCommand {

  VolumeRevert(Services services) {
    super(services);
  }

  @Override
  public Description description() {
    return describe(
        Description.of("volume revert", "Give a volume, or all of a guest, back what it was")
            .details(
                "Without --to: what it was before the last start of the guest that writes it. Of a"
                    + " guest all volumes that it writes go back together, or none. No guest may"
                    + " have the volume meanwhile. What the volume is now is kept as its snapshot"
                    + " before-revert, so that a revert can be reverted.")
            .details(
                "Before each start of a guest Lodge keeps what its volumes are: at once where the"
                    + " file system shares blocks (Btrfs, XFS), elsewhere by a copy, where that"
                    + " takes no longer than revert.copySeconds of the guest's definition (0.25)."
                    + " revert.keep says how many starts can be undone (1). volume ls says of which"
                    + " volume the last start can't.")
            .argument("VOLUME", Kind.VOLUME, Arity.ONE, "a volume, or the name of a guest")
            .option(new Option("to", 't', Kind.TEXT, "", "a snapshot, as volume show has it"))
            .flag("guest", 'g', "VOLUME is a guest, whatever volumes there are")
            .example("lodge volume revert work", "work is as before its last start.")
            .example("lodge volume revert data --to monday", "One disk, to a snapshot.")
            .example("lodge volume revert data --to before-revert", "Undoes that.")
            .json("volumes", "those that were reverted"),
        "volumes[]");
  }

  @Override
  int run(Volumes volumes, Invocation invocation)
      throws VolumeException, CommandException, InterruptedException {
    String name = invocation.text("VOLUME");
    Optional<String> to = invocation.optional("to");
    boolean guest =
        invocation.flag("guest")
            || volumes.list().stream().noneMatch(volume -> volume.name().equals(name))
                && services().guests().list().stream().anyMatch(known -> known.name().equals(name));
    if (guest && to.isPresent()) {
      throw new CommandException(
          ExitCode.USAGE,
          "volume revert: --to is a snapshot of one volume, and " + name + " is a guest",
          List.of(
              "its volumes: "
                  + volumes.list().stream()
                      .filter(volume ->
                          volume.uses().stream().anyMatch(use -> use.guest().equals(name)))
                      .map(VolumeStatus::name)
                      .collect(Collectors.joining(", "))));
    }
    List<VolumeStatus> reverted =
        guest
            ? volumes.revertGuest(name, meter(invocation))
            : List.of(volumes.revert(name, to, meter(invocation)));
    if (invocation.json()) {
      var array = Json.createArrayBuilder(reverted.stream().map(VolumeCommand::json).toList());
      invocation.print(Json.createObjectBuilder().add("volumes", array).build());
    } else {
      for (VolumeStatus volume : reverted) {
        invocation
            .out()
            .println(
                volume.name()
                    + " is what it was "
                    + to.map(snapshot -> "when " + snapshot + " was taken")
                        .orElse("before the last start")
                    + "; undo: lodge volume revert "
                    + volume.name()
                    + " --to before-revert");
      }
    }
    return ExitCode.OK;
  }
}
