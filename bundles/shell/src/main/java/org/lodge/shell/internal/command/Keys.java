package org.lodge.shell.internal.command;

import jakarta.json.Json;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Jsons;
import org.lodge.shell.internal.Services;

/** {@code keys GUEST CHORD...}: presses keys on the guest's keyboard. */
final class Keys implements Command {
  private final Services services;

  Keys(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("keys", "Press keys on a guest's keyboard")
        .details(
            "A chord is one key or several joined by a dash, which are pressed together: a, ret,"
                + " ctrl-c, ctrl-alt-f2. Chords are typed one after the other.")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run")
        .argument("CHORD", Kind.TEXT, Arity.MANY, "what to press")
        .example("lodge keys display l s ret", "Types ls and Enter.")
        .example("lodge keys display ctrl-alt-f2", "Changes to the second virtual terminal.")
        .json("guest", "the guest")
        .json("chords", "what was pressed");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String name = invocation.text("GUEST");
    services.guests().sendKeys(name, invocation.texts("CHORD")).get();
    if (invocation.json()) {
      invocation.print(
          Json.createObjectBuilder()
              .add("guest", name)
              .add("chords", Jsons.strings(invocation.texts("CHORD")))
              .build());
    }
    return ExitCode.OK;
  }
}
