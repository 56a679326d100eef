package org.lodge.shell.internal.command.inside;

import jakarta.json.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExecRequest.TerminalSize;
import org.lodge.agent.ExitStatus;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.Terminal;
import org.lodge.shell.internal.Services;

/** {@code exec GUEST -- PROGRAM...}: a program inside a guest, as if it ran here. */
final class Exec implements Command {
  private static final int MOST_CAPTURED_BYTES = 4 << 20;

  private final Services services;

  Exec(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("exec", "Run a program inside a guest")
        .details(
            "Standard input, output and errors are the program's, and its exit code is the"
                + " command's; 128 and a number where a signal ended it. Ctrl-C goes to the"
                + " program as SIGINT; a second one leaves, and the program is hung up on. The"
                + " program needs no network and no server in the guest, only Lodge's agent.")
        .details(
            "Without --cwd it runs in /, without --user as root. It sees a plain environment"
                + " and what --env adds. The words after -- are not read by any shell: for pipes and"
                + " variables run one, as in: lodge exec work -- sh -c 'ls | wc -l'")
        .details(
            "In a script that reads its own standard input, use --no-input, as the program"
                + " would read from it.")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run, or to be starting")
        .argument("PROGRAM", Kind.WORD, Arity.MANY, "its name or path, and its arguments")
        .flag("terminal", 't', "give it a terminal of this one's size, for programs with a screen")
        .flag("no-input", 'n', "give it an empty standard input")
        .option(text("user", 'u', "run as this user of the guest, a name or number"))
        .option(text("cwd", 'C', "run in this folder of the guest"))
        .option(text("env", 'e', "NAME=VALUE for its environment; may come several times"))
        .option(Inside.LIMIT)
        .example("lodge exec work -- uname -a", "Which kernel work runs.")
        .example("lodge exec -t work -- top", "A program with a screen.")
        .example("lodge exec work -- tar -c /etc > etc.tar", "Its output as a file here.")
        .example("lodge exec -u user -C /home/user work -- git pull", "As another user.")
        .json("exitCode", "of the program; 128 and the signal where one ended it")
        .json("signal", "that ended it; absent where none did")
        .json("stdout", "what it wrote, as text; at most 4 MiB")
        .json("stderr", "the same of its errors")
        .json("truncated", "whether it wrote more than that")
        .exitCode(Inside.NOT_RUN, "the guest could not be entered, or its agent went meanwhile")
        .exitCode(Inside.NOT_EXECUTABLE, "the program could not be run")
        .exitCode(Inside.NOT_FOUND, "there is no such program");
  }

  private static Option text(String name, char letter, String help) {
    return new Option(name, letter, Kind.TEXT, "", help);
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    boolean terminal = invocation.flag("terminal");
    if (terminal && (invocation.json() || invocation.flag("no-input"))) {
      throw usage("--terminal goes with neither --json nor --no-input");
    }
    AgentSession session = Inside.session(services, invocation.text("GUEST"), invocation);
    ExecRequest request = request(invocation, terminal);
    try (AgentProgram program = Inside.start(session, request, Inside.limit(invocation))) {
      Attended attended = new Attended(program, invocation);
      if (terminal) {
        return attended.runOnTerminal().shellCode();
      }
      boolean input = !invocation.flag("no-input");
      if (invocation.json()) {
        return captured(attended, input, invocation);
      }
      return attended.run(input, invocation.out(), invocation.err()).shellCode();
    }
  }

  private static ExecRequest request(Invocation invocation, boolean terminal)
      throws CommandException {
    Optional<String> user = invocation.optional("user");
    boolean number = user.isPresent() && user.get().matches("[0-9]{1,9}");
    int id = number ? Integer.parseInt(user.get()) : 0;
    Map<String, String> environment = new LinkedHashMap<>(Account.ROOT.environment());
    if (number) {
      // Nothing is known of who that is.
      environment.keySet().removeAll(List.of("HOME", "USER", "LOGNAME", "SHELL"));
    }
    Optional<TerminalSize> size = Optional.empty();
    if (terminal) {
      Terminal own = invocation.terminal();
      environment.put("TERM", own.type());
      size = Optional.of(new TerminalSize(own.rows(), own.columns()));
    }
    for (String entry : invocation.texts("env")) {
      int equals = entry.indexOf('=');
      if (equals < 1) {
        throw usage("--env takes NAME=VALUE, not " + entry);
      }
      environment.put(entry.substring(0, equals), entry.substring(equals + 1));
    }
    try {
      String folder = invocation.optional("cwd").orElse("");
      ExecRequest request =
          new ExecRequest(invocation.texts("PROGRAM"), environment, folder, id, id, size);
      return user.isPresent() && !number ? request.as(user.get()) : request;
    } catch (IllegalArgumentException e) {
      throw usage(e.getMessage());
    }
  }

  private static CommandException usage(String message) {
    return new CommandException(
        ExitCode.USAGE, "exec: " + message, List.of("more: lodge help exec"));
  }

  private static int captured(Attended attended, boolean input, Invocation invocation)
      throws Exception {
    Captured out = new Captured(MOST_CAPTURED_BYTES);
    Captured err = new Captured(MOST_CAPTURED_BYTES);
    ExitStatus status = attended.run(input, out, err);
    var json = Json.createObjectBuilder().add("exitCode", status.shellCode());
    if (status.signal() != 0) {
      json.add("signal", status.signal());
    }
    json.add("stdout", out.text()).add("stderr", err.text());
    invocation.print(json.add("truncated", out.truncated() || err.truncated()).build());
    return status.shellCode();
  }
}
