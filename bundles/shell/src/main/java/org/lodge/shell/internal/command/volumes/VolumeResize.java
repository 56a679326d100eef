package org.lodge.shell.internal.command.volumes;

import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Description;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Services;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.Volumes;

/** {@code volume resize VOLUME SIZE}. */
final class VolumeResize extends VolumeCommand {

  VolumeResize(Services services) {
    super(services);
  }

  @Override
  public Description description() {
    return describe(
        Description.of("volume resize", "Give a volume another size")
            .details(
                "A disk that Lodge serves to a running guest (device add, or devices in its"
                    + " definition) grows under it, and its driver is told; any other has to be"
                    + " free. A file system in it has to be grown in the guest.")
            .argument("VOLUME", Kind.VOLUME, Arity.ONE, "which")
            .argument("SIZE", Kind.SIZE, Arity.ONE, "such as 512M or 10G")
            .flag("shrink", (char) 0, "allow less than it has now; what lies behind is lost")
            .example("lodge volume resize data 20G", "The disk has 20 GiB now."),
        "volume");
  }

  @Override
  int run(Volumes volumes, Invocation invocation) throws VolumeException, InterruptedException {
    VolumeStatus now =
        volumes.resize(
            invocation.text("VOLUME"), invocation.size("SIZE"), invocation.flag("shrink"));
    return say(now, now.name() + ": " + Durations.size(now.sizeBytes()), invocation);
  }
}
