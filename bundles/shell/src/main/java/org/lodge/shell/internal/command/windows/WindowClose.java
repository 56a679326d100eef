package org.lodge.shell.internal.command.windows;

import jakarta.json.Json;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;
import org.lodge.wayland.router.Windows;

/** {@code windows close ID}: asks a program to close its window, or ends it. */
final class WindowClose implements Command {
  private final Services services;

  WindowClose(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("windows close", "Close a window of a guest")
        .details(
            "The program is asked to, as by the button of the window; it may ask back, or not obey."
                + " With --force its connection is ended, and with that all of its windows.")
        .argument("ID", Kind.WINDOW, Arity.ONE, "the window's number; see: lodge windows")
        .flag("force", 'f', "end the program's connection")
        .example("lodge windows close 3", "Closes window 3.")
        .json("window", "the number");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    long id = Long.parseLong(invocation.text("ID"));
    Windows windows = services.windows();
    if (!(invocation.flag("force") ? windows.end(id) : windows.close(id))) {
      throw new CommandException("there is no window " + id + " now; see: lodge windows");
    }
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("window", id).build());
    }
    return ExitCode.OK;
  }
}
