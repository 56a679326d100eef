package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.util.List;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;
import org.lodge.storage.ShareStatus;

/** {@code share show NAME}: all that is known of one share. */
final class ShareShow implements Command {
  private final Services services;

  ShareShow(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return ShareJson.describe(
        Description.of("share show", "Tell all about one share, guest by guest")
            .argument("SHARE", Kind.SHARE, Arity.ONE, "its name, as share ls has it")
            .example("lodge share show docs", "Who uses docs, and what for.")
            .json("shares", "one for each guest"),
        "shares[]");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String name = invocation.text("SHARE");
    List<ShareStatus> all = services.shares().list();
    List<ShareStatus> found = all.stream().filter(each -> each.share().equals(name)).toList();
    if (found.isEmpty()) {
      throw new CommandException(
          "there is no share '" + name + "'; see: lodge share ls, or lodge help share add");
    }
    if (invocation.json()) {
      var array = Json.createArrayBuilder(found.stream().map(ShareJson::of).toList());
      invocation.print(Json.createObjectBuilder().add("shares", array).build());
      return ExitCode.OK;
    }
    for (ShareStatus share : found) {
      invocation
          .out()
          .printf(
              "%s for %s: %s of %s, %s, %s%s%n",
              share.share(),
              share.guest(),
              share.path(),
              share.from(),
              share.readOnly() ? "read-only" : "read-write",
              ShareJson.state(share),
              share.mount().map(mount -> " at " + mount).orElse(""));
      String note = ShareLs.note(share);
      if (!note.isEmpty()) {
        invocation.out().println("  " + invocation.safe(note));
      }
      share
          .counters()
          .forEach(counter ->
              invocation
                  .out()
                  .printf("  %-28s %,d %s%n", counter.name(), counter.value(), counter.unit()));
    }
    return ExitCode.OK;
  }
}
