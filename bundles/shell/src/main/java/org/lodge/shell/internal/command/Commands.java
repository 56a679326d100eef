package org.lodge.shell.internal.command;

import java.util.List;
import java.util.stream.Stream;
import org.lodge.shell.Command;
import org.lodge.shell.internal.CommandRegistry;
import org.lodge.shell.internal.Services;
import org.lodge.shell.internal.command.inside.InsideCommands;
import org.lodge.shell.internal.command.rules.RuleCommands;
import org.lodge.shell.internal.command.volumes.VolumeCommands;
import org.lodge.shell.internal.command.windows.WindowCommands;

/** The shell's own commands, in the order in which they are introduced. */
public final class Commands {
  private Commands() {}

  /**
   * All but {@code help}, which needs the registry that this list goes into.
   *
   * @see CommandRegistry
   */
  public static List<Command> all(Services services) {
    return Stream.of(
            own(services),
            InsideCommands.all(services),
            VolumeCommands.all(services),
            WindowCommands.all(services),
            RuleCommands.all(services))
        .flatMap(List::stream)
        .toList();
  }

  private static List<Command> own(Services services) {
    return List.of(
        new Ls(services),
        new Show(services),
        Lifecycle.start(services),
        Lifecycle.stop(services),
        Lifecycle.restart(services),
        Lifecycle.kill(services),
        Lifecycle.pause(services),
        Lifecycle.resume(services),
        new ConsoleCommand(services),
        new Logs(services),
        new Screenshot(services),
        new Keys(services),
        new Top(services),
        new Events(services),
        new Check(services),
        new DeviceLs(services),
        new DeviceAdd(services),
        new DeviceRm(services),
        new DeviceResize(services),
        new DeviceControl(services),
        new ShareLs(services),
        new ShareShow(services),
        new ShareAdd(services),
        new ShareRm(services),
        new ImageLs(services),
        new ImageBuild(services),
        new ImageImport(services),
        new Ping(),
        new Down(services));
  }
}
