package org.lodge.shell.internal.command.volumes;

import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Description;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.Volumes;

/** {@code volume snapshot VOLUME SNAPSHOT}: keeps what a volume is. */
final class VolumeSnapshot extends VolumeCommand {

  VolumeSnapshot(Services services) {
    super(services);
  }

  @Override
  public Description description() {
    return describe(
        Description.of("volume snapshot", "Keep what a volume is now")
            .details(
                "At once where the file system shares blocks (Btrfs, XFS), also while a guest"
                    + " writes: what is kept is then what a loss of power would leave. Elsewhere"
                    + " the data are copied, and no guest may be writing.")
            .argument("VOLUME", Kind.VOLUME, Arity.ONE, "which")
            .argument("SNAPSHOT", Kind.TEXT, Arity.ONE, "what to call it: a-z, then a-z, 0-9 and -")
            .example("lodge volume snapshot data monday", "To go back to it one day.")
            .example("lodge volume revert data --to monday", "Goes back."),
        "volume");
  }

  @Override
  int run(Volumes volumes, Invocation invocation) throws VolumeException, InterruptedException {
    String snapshot = invocation.text("SNAPSHOT");
    VolumeStatus kept = volumes.snapshot(invocation.text("VOLUME"), snapshot, meter(invocation));
    return say(kept, kept.name() + " has the snapshot " + snapshot, invocation);
  }
}
