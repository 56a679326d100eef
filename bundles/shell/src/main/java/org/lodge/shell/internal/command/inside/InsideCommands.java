package org.lodge.shell.internal.command.inside;

import java.util.List;
import org.lodge.shell.Command;
import org.lodge.shell.internal.Services;

/** The commands that work inside guests, through the agent there. */
public final class InsideCommands {
  private InsideCommands() {}

  public static List<Command> all(Services services) {
    return List.of(
        new Exec(services),
        new RunWindow(services),
        new LoginShell(services),
        new Copy(services),
        new ConnectCommand(services),
        new SshConfig(services));
  }
}
