package org.lodge.shell.internal.command.volumes;

import java.util.List;
import org.lodge.shell.Command;
import org.lodge.shell.internal.Services;

/** What people do to volumes. */
public final class VolumeCommands {
  private VolumeCommands() {}

  public static List<Command> all(Services services) {
    return List.of(
        new VolumeLs(services),
        new VolumeShow(services),
        new VolumeCreate(services),
        new VolumeRm(services),
        new VolumeResize(services),
        new VolumeSnapshot(services),
        new VolumeRevert(services),
        new VolumeClone(services));
  }
}
