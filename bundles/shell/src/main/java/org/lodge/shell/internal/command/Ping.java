package org.lodge.shell.internal.command;

import jakarta.json.Json;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;

/** {@code ping}: answers. */
final class Ping implements Command {

  @Override
  public Description description() {
    return Description.of("ping", "Say whether Lodge answers")
        .example("lodge ping && echo up", "For scripts: exit code 3 means that it does not run.")
        .json("pid", "of Lodge");
  }

  @Override
  public int run(Invocation invocation) {
    long pid = ProcessHandle.current().pid();
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("pid", pid).build());
    } else {
      invocation.out().println("Lodge runs as process " + pid);
    }
    return ExitCode.OK;
  }
}
