package org.lodge.shell.internal.command.volumes;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.Locale;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.internal.Services;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.Volumes;

/** What the commands of the family have in common: errors, JSON and the meter of a copy. */
abstract class VolumeCommand implements Command {
  private final Services services;

  VolumeCommand(Services services) {
    this.services = services;
  }

  abstract int run(Volumes volumes, Invocation invocation)
      throws VolumeException, CommandException, InterruptedException;

  @Override
  public final int run(Invocation invocation) throws Exception {
    try {
      return run(services.volumes(), invocation);
    } catch (VolumeException e) {
      throw new CommandException(e.getMessage());
    }
  }

  final Services services() {
    return services;
  }

  /** Says what is now true of one volume. */
  static int say(VolumeStatus volume, String sentence, Invocation invocation) {
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("volume", json(volume)).build());
    } else {
      invocation.out().println(sentence);
    }
    return ExitCode.OK;
  }

  /** Shown where somebody looks, and gone when the copy is done. */
  static Volumes.Progress meter(Invocation invocation) {
    if (invocation.json() || !invocation.terminal().outputIsTty()) {
      return (done, total) -> {};
    }
    return (done, total) -> {
      invocation.err().print(done >= total ? "\r\033[K" : "\r" + done * 100 / total + " %\033[K");
      invocation.err().flush();
    };
  }

  static Description describe(Description description, String at) {
    return description
        .json(
            at + ".name",
            "its name; that of a guest's own layer is GUEST.root, of one that a guest keeps"
                + " KEEPER:NAME")
        .json(at + ".keeper", "the guest that keeps it; absent where this host does")
        .json(at + ".file", "its raw image, on the host or in its keeper")
        .json(at + ".sizeBytes", "what a guest sees")
        .json(at + ".allocatedBytes", "what the image takes up there")
        .json(at + ".uses[]", "guest, as, readOnly, running: who has it by definition or now")
        .json(at + ".snapshots[]", "name, kind (taken, start, before-revert), at, allocatedBytes")
        .json(
            at + ".note",
            "why the last start of a guest can't be undone, or why this is not of now; absent where"
                + " all is well");
  }

  static JsonObject json(VolumeStatus volume) {
    JsonArrayBuilder uses = Json.createArrayBuilder();
    for (VolumeStatus.Use use : volume.uses()) {
      uses.add(
          Json.createObjectBuilder()
              .add("guest", use.guest())
              .add("as", use.as())
              .add("readOnly", use.readOnly())
              .add("running", use.running()));
    }
    JsonArrayBuilder snapshots = Json.createArrayBuilder();
    for (VolumeStatus.Snapshot snapshot : volume.snapshots()) {
      JsonObjectBuilder one =
          Json.createObjectBuilder()
              .add("name", snapshot.name())
              .add("kind", kind(snapshot))
              .add("at", snapshot.at().toString())
              .add("allocatedBytes", snapshot.allocatedBytes());
      snapshot.guest().ifPresent(guest -> one.add("guest", guest));
      snapshots.add(one);
    }
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("name", volume.name())
            .add("file", volume.file().toString())
            .add("sizeBytes", volume.sizeBytes())
            .add("allocatedBytes", volume.allocatedBytes())
            .add("uses", uses)
            .add("snapshots", snapshots);
    volume.keeper().ifPresent(keeper -> json.add("keeper", keeper));
    volume.note().ifPresent(note -> json.add("note", note));
    return json.build();
  }

  static String kind(VolumeStatus.Snapshot snapshot) {
    return snapshot.kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
