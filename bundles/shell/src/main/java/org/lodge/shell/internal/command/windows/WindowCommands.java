package org.lodge.shell.internal.command.windows;

import java.util.List;
import org.lodge.shell.Command;
import org.lodge.shell.internal.Services;

/** The commands about windows of guests. */
public final class WindowCommands {
  private WindowCommands() {}

  public static List<Command> all(Services services) {
    return List.of(
        new WindowList(services),
        new WindowClose(services),
        new ClipMove(services),
        new WaylandTrace(services));
  }
}
