package org.lodge.shell.internal.command.volumes;

import jakarta.json.Json;
import java.io.PrintStream;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Services;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.Volumes;

/** {@code volume show VOLUME}: its image, who has it, and what it can be reverted to. */
final class VolumeShow extends VolumeCommand {

  VolumeShow(Services services) {
    super(services);
  }

  @Override
  public Description description() {
    return describe(
        Description.of("volume show", "Show who has a volume and what it can be reverted to")
            .argument("VOLUME", Kind.VOLUME, Arity.ONE, "which")
            .example("lodge volume show work.root", "The layer of work, and its snapshots."),
        "volume");
  }

  @Override
  int run(Volumes volumes, Invocation invocation) throws VolumeException {
    VolumeStatus volume = volumes.status(invocation.text("VOLUME"));
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("volume", json(volume)).build());
      return ExitCode.OK;
    }
    PrintStream out = invocation.out();
    out.println("volume    " + volume.name());
    out.println(
        "size      "
            + Durations.size(volume.sizeBytes())
            + ", of which the host keeps "
            + Durations.size(volume.allocatedBytes()));
    out.println("file      " + invocation.safe(volume.file().toString()));
    for (VolumeStatus.Use use : volume.uses()) {
      out.println(
          "guest     "
              + use.guest()
              + ": "
              + use.as()
              + (use.readOnly() ? ", read-only" : "")
              + (use.running() ? ", runs" : ""));
    }
    volume.note().ifPresent(note -> out.println("note      " + invocation.safe(note)));
    for (VolumeStatus.Snapshot snapshot : volume.snapshots()) {
      out.println(
          "snapshot  "
              + snapshot.name()
              + ": "
              + words(snapshot)
              + ", "
              + VolumeLs.age(snapshot.at())
              + " ago, "
              + Durations.size(snapshot.allocatedBytes()));
    }
    return ExitCode.OK;
  }

  private static String words(VolumeStatus.Snapshot snapshot) {
    return switch (snapshot.kind()) {
      case TAKEN -> "taken by a person";
      case START -> "before a start of " + snapshot.guest().orElse("a guest");
      case BEFORE_REVERT -> "what the last revert has replaced";
    };
  }
}
