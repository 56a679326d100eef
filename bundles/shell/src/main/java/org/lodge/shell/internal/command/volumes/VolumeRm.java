package org.lodge.shell.internal.command.volumes;

import jakarta.json.Json;
import java.util.Optional;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.storage.VolumeException;
import org.lodge.storage.Volumes;

/** {@code volume rm VOLUME}: removes a volume, or one of its snapshots. */
final class VolumeRm extends VolumeCommand {

  VolumeRm(Services services) {
    super(services);
  }

  @Override
  public Description description() {
    return Description.of("volume rm", "Remove a volume with its snapshots, or one snapshot")
        .details(
            "What is removed is gone. Not while a guest uses the volume. A guest whose layer"
                + " GUEST.root is removed starts as its image is.")
        .argument("VOLUME", Kind.VOLUME, Arity.ONE, "which")
        .option(
            new Option(
                "snapshot", 's', Kind.TEXT, "", "remove that snapshot, and leave the volume"))
        .flag("force", 'f', "also a volume that a definition names as a disk")
        .example("lodge volume rm data", "The data disk is gone.")
        .example("lodge volume rm data --snapshot monday", "The disk stays.")
        .json("removed", "the volume, or the snapshot's volume")
        .json("snapshot", "that was removed; absent for a volume");
  }

  @Override
  int run(Volumes volumes, Invocation invocation) throws VolumeException {
    String name = invocation.text("VOLUME");
    Optional<String> snapshot = invocation.optional("snapshot");
    if (snapshot.isPresent()) {
      volumes.removeSnapshot(name, snapshot.get());
    } else {
      volumes.remove(name, invocation.flag("force"));
    }
    if (invocation.json()) {
      var json = Json.createObjectBuilder().add("removed", name);
      snapshot.ifPresent(gone -> json.add("snapshot", gone));
      invocation.print(json.build());
    } else {
      invocation
          .out()
          .println(
              snapshot.map(gone -> "snapshot " + gone + " of " + name).orElse(name) + " is gone");
    }
    return ExitCode.OK;
  }
}
