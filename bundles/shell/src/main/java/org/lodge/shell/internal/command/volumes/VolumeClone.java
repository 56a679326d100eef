package org.lodge.shell.internal.command.volumes;

import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Description;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Services;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.Volumes;

/** {@code volume clone VOLUME NEW}: a volume like another. */
final class VolumeClone extends VolumeCommand {

  VolumeClone(Services services) {
    super(services);
  }

  @Override
  public Description description() {
    return describe(
        Description.of("volume clone", "Make a new volume with what another is")
            .details(
                "At once where the file system shares blocks (Btrfs, XFS), also while a guest"
                    + " writes. Elsewhere the data are copied, and no guest may be writing, unless"
                    + " a snapshot is cloned. The clone of a volume that a guest keeps, KEEPER:NAME,"
                    + " is kept by the same guest.")
            .argument("VOLUME", Kind.VOLUME, Arity.ONE, "what to copy")
            .argument("NEW", Kind.TEXT, Arity.ONE, "its name: a-z, then a-z, 0-9 and -")
            .option(new Option("from", 'f', Kind.TEXT, "", "what VOLUME was: one of its snapshots"))
            .example("lodge volume clone data trial", "A disk to try something on."),
        "volume");
  }

  @Override
  int run(Volumes volumes, Invocation invocation) throws VolumeException, InterruptedException {
    VolumeStatus made =
        volumes.clone(
            invocation.text("VOLUME"),
            invocation.optional("from"),
            invocation.text("NEW"),
            meter(invocation));
    return say(made, made.name() + ": " + Durations.size(made.sizeBytes()), invocation);
  }
}
