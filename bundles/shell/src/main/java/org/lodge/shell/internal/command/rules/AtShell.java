package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.lodge.policy.Explanation;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.Request;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;

/** What the person at this shell may do to a guest without being asked for by any rule. */
final class AtShell {
  private static final Set<String> COMMANDS = Set.of("exec", "shell", "cp", "run", "connect");
  private static final Set<String> HOST = Set.of("host", "localhost", "lodge");
  private static final String WHY =
      "whoever may use Lodge's admin socket can do everything to a guest anyway";

  private AtShell() {}

  /** Unless there are rules for a service of that name, of which `lodge call` asks. */
  static boolean isMeantBy(Request request, Explanation explanation, GuestDirectory guests) {
    return request.source().equals(Party.HOST)
        && guests.find(request.target()).isPresent()
        && COMMANDS.contains(request.service())
        && explanation.steps().stream()
            .noneMatch(step -> step.rule().service().split("\\+")[0].equals(request.service()));
  }

  static int explain(Request request, Explanation explanation, Invocation invocation) {
    String why = "lodge " + request.service() + " asks no rule: " + WHY;
    if (invocation.json()) {
      invocation.print(
          Json.createObjectBuilder()
              .add("action", "allow")
              .add("target", request.target())
              .add("why", why)
              .add("command", request.service())
              .add("steps", Json.createArrayBuilder())
              .build());
      return ExitCode.OK;
    }
    invocation.out().println(invocation.safe(request + ": allowed, as a command of this shell"));
    invocation.out().println(invocation.safe("  " + why));
    invocation
        .out()
        .println(
            invocation.safe(
                "  A service of that name, by lodge call, would be "
                    + PolicyExplain.outcome(explanation.decision())));
    return ExitCode.OK;
  }

  /** For whoever writes the host as if it were a guest. */
  static Optional<String> hint(Request request, GuestDirectory guests) {
    return Stream.of(request.source(), request.target())
        .filter(name -> HOST.contains(name) && guests.find(name).isEmpty())
        .findFirst()
        .map(name -> "  The host itself is written @host");
  }
}
