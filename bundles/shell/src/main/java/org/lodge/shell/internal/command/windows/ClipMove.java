package org.lodge.shell.internal.command.windows;

import jakarta.json.Json;
import java.io.IOException;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;

/** {@code clip move FROM TO}: the clipboard of one guest becomes that of another, once. */
final class ClipMove implements Command {
  private final Services services;

  ClipMove(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("clip move", "Move the clipboard of a guest to another guest")
        .details(
            "Each guest has a clipboard of its own; nothing of it reaches another guest but by this"
                + " command. Text, lists of URIs and PNG pictures cross, at most 1 MiB together."
                + " What was moved can be pasted once, then it is wiped.")
        .argument("FROM", Kind.GUEST, Arity.ONE, "where something was copied")
        .argument("TO", Kind.GUEST, Arity.ONE, "where it is to be pasted")
        .example("lodge clip move work vault", "What was copied in work can be pasted in vault.")
        .json("from", "the guest where it was copied")
        .json("to", "the guest where it can be pasted")
        .json("bytes", "of all types together");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String from = invocation.text("FROM");
    String to = invocation.text("TO");
    services.guests().status(from);
    services.guests().status(to);
    long bytes;
    try {
      bytes = services.windows().moveClipboard(from, to);
    } catch (IOException e) {
      throw new CommandException("nothing was moved: " + e.getMessage());
    }
    if (invocation.json()) {
      invocation.print(
          Json.createObjectBuilder().add("from", from).add("to", to).add("bytes", bytes).build());
    } else {
      invocation.out().println(bytes + " bytes of " + from + " can be pasted once in " + to);
    }
    return ExitCode.OK;
  }
}
