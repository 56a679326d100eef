package org.lodge.shell.internal.command;

import jakarta.json.Json;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;
import org.lodge.storage.ShareException;
import org.lodge.storage.ShareStatus;

/** {@code share rm GUEST SHARE}: takes a directory back at once. */
final class ShareRm implements Command {
  private final Services services;

  ShareRm(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return ShareJson.describe(
        Description.of("share rm", "Take a shared directory back from a guest")
            .details(
                "At once, whatever the guest does with it: files that it has open give I/O errors"
                    + " from then on. A declared share comes back with the guest's next start.")
            .argument("GUEST", Kind.GUEST, Arity.ONE, "that has it")
            .argument("SHARE", Kind.SHARE, Arity.ONE, "its name, as share ls has it")
            .example("lodge share rm vault docs", "vault reads docs no more.")
            .json("share", "as it is now"),
        "share");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    try {
      ShareStatus taken =
          services.shares().revoke(invocation.text("GUEST"), invocation.text("SHARE"));
      if (invocation.json()) {
        invocation.print(Json.createObjectBuilder().add("share", ShareJson.of(taken)).build());
      } else {
        invocation.out().println(taken.guest() + " has the share " + taken.share() + " no more");
        taken.trouble().ifPresent(trouble -> invocation.err().println(invocation.safe(trouble)));
      }
      return ExitCode.OK;
    } catch (ShareException e) {
      throw new CommandException(e.getMessage());
    }
  }
}
