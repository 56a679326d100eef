package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentSession;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;
import org.lodge.vsock.VsockStream;

/** {@code connect GUEST:PORT}: a port or socket of a guest, on standard input and output. */
final class ConnectCommand implements Command {
  private static final int LARGEST_PORT = 65_535;

  private final Services services;

  ConnectCommand(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("connect", "Join standard input and output to a port of a guest")
        .details(
            "The server in the guest sees an ordinary connection on its loopback interface, or on"
                + " its Unix socket; the guest needs no network. Ends when the server hangs up; the"
                + " end of standard input is passed on before.")
        .details("With ssh and editors, use what lodge ssh-config prints.")
        .argument(
            "WHERE", Kind.PLACE, Arity.ONE, "GUEST:PORT for TCP, or GUEST:/PATH of a Unix socket")
        .option(Inside.LIMIT)
        .example("lodge connect work:5432", "A database in work, from a terminal here.")
        .example("lodge connect work:/run/docker.sock", "A Unix socket of work.")
        .example(
            "ssh -o ProxyCommand='lodge connect work:22' root@work",
            "SSH into a guest without network.")
        .json("error", "in errors only: message, lines and exitCode")
        .exitCode(Inside.NOT_RUN, "the guest could not be entered");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String where = invocation.text("WHERE");
    int colon = where.indexOf(':');
    if (colon < 1 || colon == where.length() - 1) {
      throw usage(where);
    }
    String place = where.substring(colon + 1);
    int port = place.startsWith("/") ? 0 : port(where, place);
    AgentSession session = Inside.session(services, where.substring(0, colon), invocation);
    VsockStream stream = open(session, place, port, Inside.limit(invocation));
    Joined.run(Duplex.of(stream), Optional.empty(), where, ExitCode.FAILED, invocation);
    return ExitCode.OK;
  }

  private static VsockStream open(AgentSession session, String path, int port, Duration limit)
      throws IOException, CommandException {
    try {
      return port == 0 ? session.openUnix(path, limit) : session.openTcp(port, limit);
    } catch (AgentException e) {
      throw switch (e.errno()) {
        case Inside.ECONNREFUSED ->
            new CommandException(
                "nothing listens on "
                    + (port == 0 ? path : "127.0.0.1:" + port)
                    + " in "
                    + session.guest()
                    + "; start the server there, or see: lodge exec "
                    + session.guest()
                    + " -- busybox netstat -lntx");
        case Inside.ENOENT ->
            new CommandException("there is no socket " + path + " in " + session.guest());
        default -> new CommandException(e.getMessage());
      };
    }
  }

  private static int port(String where, String place) throws CommandException {
    boolean number = place.length() <= 5 && place.chars().allMatch(c -> c >= '0' && c <= '9');
    int port = number ? Integer.parseInt(place) : 0;
    if (port < 1 || port > LARGEST_PORT) {
      throw usage(where);
    }
    return port;
  }

  private static CommandException usage(String where) {
    return new CommandException(
        ExitCode.USAGE,
        "connect: " + where + " is neither GUEST:PORT (1 to 65535) nor GUEST:/PATH",
        List.of("as in: lodge connect work:22"));
  }
}
