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

/** {@code volume create VOLUME SIZE}: an empty data disk. */
final class VolumeCreate extends VolumeCommand {

  VolumeCreate(Services services) {
    super(services);
  }

  @Override
  public Description description() {
    return describe(
        Description.of("volume create", "Make an empty volume")
            .details(
                "A raw image that takes up no space on the host until a guest writes to it. A guest"
                    + " has it as a disk by its definition, \"disks\": [{ \"volume\": \"NAME\","
                    + " \"serial\": \"data\" }], or by: lodge device add GUEST blk volume=NAME. The"
                    + " volume in which a guest keeps what it changes on its image is made by its"
                    + " first start, where its definition says \"root\": \"volume\". KEEPER:NAME is"
                    + " made in the folder /srv/disks of a guest that runs and offers the service"
                    + " disk; others have it as a device, where the policy allows disk+NAME.")
            .argument(
                "VOLUME",
                Kind.TEXT,
                Arity.ONE,
                "its name: a-z, then a-z, 0-9 and -; or KEEPER:NAME for a guest to keep it")
            .argument("SIZE", Kind.SIZE, Arity.ONE, "such as 512M or 10G")
            .example("lodge volume create data 10G", "A data disk of 10 GiB.")
            .example("lodge volume create storage:data 10G", "One that the guest storage keeps."),
        "volume");
  }

  @Override
  int run(Volumes volumes, Invocation invocation) throws VolumeException {
    long size = invocation.size("SIZE");
    VolumeStatus made = volumes.create(invocation.text("VOLUME"), size);
    return say(made, made.name() + ": " + Durations.size(made.sizeBytes()), invocation);
  }
}
