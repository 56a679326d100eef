package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;

/** {@code screenshot GUEST [FILE]}: the guest's screen as a PNG. */
final class Screenshot implements Command {
  private final Services services;

  Screenshot(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("screenshot", "Write a guest's screen to a PNG file")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run and have a display")
        .argument("FILE", Kind.PATH, Arity.OPTIONAL, "where to; GUEST.png if absent; is replaced")
        .example("lodge screenshot display", "Writes display.png.")
        .example("lodge screenshot display /tmp/shot.png", "Writes /tmp/shot.png.")
        .json("file", "absolute path of the picture");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String name = invocation.text("GUEST");
    Path file = invocation.resolve(invocation.optional("FILE").orElse(name + ".png"));
    if (!Files.isDirectory(file.getParent())) {
      throw new CommandException("there is no folder " + file.getParent() + "; create it first");
    }
    services.guests().screenshot(name, file).get();
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("file", file.toString()).build());
    } else {
      invocation.out().println(file);
    }
    return ExitCode.OK;
  }
}
