package org.lodge.shell.internal.command.rules;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.shell.internal.command.inside.Duplex;
import org.lodge.shell.internal.command.inside.Joined;

/** {@code call GUEST SERVICE}: a guest's service from the host's shell, under the same rules. */
final class CallCommand implements Command {
  /** As lodge-call ends: what a program may end with by itself is left to it. */
  static final int LOST = 125;

  static final int REFUSED = 126;

  private final Services services;

  CallCommand(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("call", "Call a service that a guest offers, as guests do")
        .details(
            "Standard input and output are joined to the service. The rules count, with @host as"
                + " the source: a rule such as  sign @host vault allow  lets this command. From"
                + " within a guest the same is done by lodge-call. The exit code is that of the"
                + " program that serves the call; 0 where a server behind a port or socket does.")
        .argument("GUEST", Kind.PARTY, Arity.ONE, "who offers it; @default where the rules pick")
        .argument("SERVICE", Kind.SERVICE, Arity.ONE, "its name, or NAME+ARGUMENT")
        .option(
            new Option(
                "field", 'f', Kind.TEXT, "", "NAME=VALUE of the service; may come several times"))
        .example("lodge call vault sign < letter > letter.sig", "What vault offers as sign.")
        .json("error", "in errors only: message, lines and exitCode")
        .exitCode(LOST, "the connection was lost, or the guest with the program")
        .exitCode(REFUSED, "the rules, or a person, said no, or nobody serves it");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String service = invocation.text("SERVICE");
    String guest = invocation.text("GUEST");
    int plus = service.indexOf('+');
    Map<String, String> fields = new HashMap<>();
    for (String entry : invocation.texts("field")) {
      int equals = entry.indexOf('=');
      if (equals < 1) {
        throw new CommandException(
            ExitCode.USAGE, "call: --field takes NAME=VALUE, not " + entry, List.of());
      }
      fields.put(entry.substring(0, equals), entry.substring(equals + 1));
    }
    Call call =
        new Call(
            plus < 0 ? service : service.substring(0, plus),
            plus < 0 ? "" : service.substring(plus + 1),
            guest,
            fields);
    try {
      ByteStream stream = services.broker().connect(Party.HOST, call).toCompletableFuture().get();
      String what = guest + " " + service;
      Joined.run(Duplex.of(stream), stream.outcome(), what, LOST, invocation);
      return stream.outcome().isPresent() ? ended(stream.outcome().get(), what) : ExitCode.OK;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ConnectException refused) {
        throw told(refused, service, guest);
      }
      throw e;
    }
  }

  /** How the program ended, which may take longer than its output. */
  private static int ended(CompletionStage<Integer> outcome, String what)
      throws InterruptedException, CommandException {
    try {
      return outcome.toCompletableFuture().get();
    } catch (ExecutionException e) {
      throw new CommandException(
          LOST, what + ": how it ended is not known: " + e.getCause().getMessage(), List.of());
    }
  }

  private CommandException told(ConnectException e, String service, String guest)
      throws InterruptedException, CommandException {
    String message = guest + " " + service + ": " + e.getMessage();
    GuestDirectory guests = services.parties();
    if (!guest.startsWith("@") && guests.find(guest).isEmpty()) {
      String names =
          guests.all().stream().map(Party::name).sorted().collect(Collectors.joining(", "));
      return new CommandException(REFUSED, message + "; there are " + names, List.of());
    }
    return switch (e.reason()) {
      case DENIED ->
          new CommandException(
              REFUSED,
              message,
              List.of(
                  "why:   lodge policy explain " + service + " @host " + guest,
                  "allow: lodge policy allow " + service + " @host " + guest));
      case NOT_OFFERED -> new CommandException(REFUSED, message, List.of("see: lodge services"));
      case UNREACHABLE -> new CommandException(REFUSED, message, List.of("see: lodge ls"));
      default -> new CommandException(REFUSED, message, List.of());
    };
  }
}
