package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExecRequest.TerminalSize;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.Terminal;
import org.lodge.shell.internal.Services;

/** {@code shell GUEST}: a login shell inside a guest. */
final class LoginShell implements Command {
  private final Services services;

  LoginShell(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("shell", "Open a shell inside a guest")
        .details(
            "The login shell of root, or of --user, in that user's home. Every key goes to the"
                + " guest, Ctrl-C too; exit or Ctrl-D leaves, with the shell's exit code. Where"
                + " standard input is no terminal, the shell reads commands from it.")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run, or to be starting")
        .option(new Option("user", 'u', Kind.TEXT, "root", "a user of the guest"))
        .option(Inside.LIMIT)
        .example("lodge shell work", "As root in work.")
        .example("lodge shell -u user work", "As another user.")
        .example("echo 'df -h' | lodge shell work", "Commands from standard input.")
        .json("error", "in errors only: message, lines and exitCode")
        .exitCode(Inside.NOT_RUN, "the guest could not be entered, or its agent went meanwhile")
        .exitCode(Inside.NOT_FOUND, "the guest has no such shell");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Terminal terminal = invocation.terminal();
    Duration limit = Inside.limit(invocation);
    AgentSession session = Inside.session(services, invocation.text("GUEST"), invocation);
    Account account = Account.of(session, invocation.text("user"), limit);
    Map<String, String> environment = account.environment();
    Optional<TerminalSize> size = Optional.empty();
    boolean interactive = terminal.inputIsTty() && terminal.outputIsTty();
    if (interactive) {
      environment.put("TERM", terminal.type());
      size = Optional.of(new TerminalSize(terminal.rows(), terminal.columns()));
    }
    try (AgentProgram program = start(session, account, environment, size, limit)) {
      Attended attended = new Attended(program, invocation);
      return interactive
          ? attended.runOnTerminal().shellCode()
          : attended.run(true, invocation.out(), invocation.err()).shellCode();
    }
  }

  private static AgentProgram start(
      AgentSession session,
      Account account,
      Map<String, String> environment,
      Optional<TerminalSize> size,
      Duration limit)
      throws IOException, CommandException {
    try {
      return Inside.start(session, request(account, account.home(), environment, size), limit);
    } catch (CommandException e) {
      if (e.exitCode() != Inside.NOT_FOUND) {
        throw e;
      }
      // A home that is not there is no reason to stay outside.
      return Inside.start(session, request(account, "/", environment, size), limit);
    }
  }

  private static ExecRequest request(
      Account account,
      String folder,
      Map<String, String> environment,
      Optional<TerminalSize> size) {
    List<String> words = List.of(account.shell(), "-l");
    ExecRequest request =
        new ExecRequest(words, environment, folder, account.uid(), account.gid(), size);
    // By its name a user has its other groups too.
    return account.uid() == 0 ? request : request.as(account.name());
  }
}
