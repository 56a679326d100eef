package org.lodge.shell.internal.command.inside;

import jakarta.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;

/** {@code ssh-config}: what makes {@code ssh GUEST} work. */
final class SshConfig implements Command {
  private static final Path USUAL_RUN = Path.of("/run/lodge");

  private final Services services;

  SshConfig(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("ssh-config", "Print the lines that make ssh GUEST work")
        .details(
            "For ~/.ssh/config. The guest needs an SSH server, and your key in its"
                + " authorized_keys; it needs no network. Editors that work over SSH need nothing"
                + " else.")
        .details(
            "Host keys are not checked: who is at the other end is known from the guest's own"
                + " channel to Lodge, and a guest whose system is read-only makes new keys at each"
                + " boot.")
        .argument("GUEST", Kind.GUEST, Arity.ANY, "only these; all if none is named")
        .option(new Option("user", 'u', Kind.TEXT, "root", "log in as this user"))
        .option(new Option("port", 'p', Kind.INTEGER, "22", "where the guests' SSH servers listen"))
        .example("lodge ssh-config >> ~/.ssh/config && ssh work", "Once for all guests of now.")
        .example(
            "lodge cp ~/.ssh/id_ed25519.pub work:/root/.ssh/authorized_keys",
            "Lets you in; before, lodge exec work -- mkdir -m 700 /root/.ssh")
        .json("hosts[].host", "the name for ssh, which is the guest's")
        .json("hosts[].user", "as which it logs in")
        .json("hosts[].proxyCommand", "the command that connects");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Guests guests = services.guests();
    List<String> names = new ArrayList<>();
    for (String name : invocation.texts("GUEST")) {
      names.add(guests.status(name).name());
    }
    if (names.isEmpty()) {
      guests.list().stream().map(GuestStatus::name).forEach(names::add);
    }
    String program = program();
    int port = invocation.integer("port");
    String user = invocation.text("user");
    if (invocation.json()) {
      var hosts = Json.createArrayBuilder();
      for (String name : names) {
        hosts.add(
            Json.createObjectBuilder()
                .add("host", name)
                .add("user", user)
                .add("proxyCommand", proxy(program, name, port)));
      }
      invocation.print(Json.createObjectBuilder().add("hosts", hosts).build());
      return ExitCode.OK;
    }
    invocation.out().println("# The guests of Lodge; printed by: lodge ssh-config");
    for (String name : names) {
      invocation
          .out()
          .print(
              """

              Host %s
                User %s
                ProxyCommand %s
                StrictHostKeyChecking no
                UserKnownHostsFile /dev/null
                LogLevel ERROR
              """
                  .formatted(name, user, proxy(program, name, port)));
    }
    return ExitCode.OK;
  }

  private static String proxy(String program, String guest, int port) {
    return program + " connect " + guest + ":" + port;
  }

  /** Lodge as this one runs, wherever it was started from. */
  private String program() throws Exception {
    Path run = services.folder("lodge.run");
    String program = quoted(services.folder("lodge.home").resolve("bin/lodge"));
    return run.equals(USUAL_RUN) ? program : "env LODGE_RUN=" + quoted(run) + " " + program;
  }

  /** For the shell that ssh gives the command to; a percent sign is ssh's own. */
  private static String quoted(Path path) {
    String text = path.toString().replace("%", "%%");
    boolean plain =
        text.chars()
            .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || "/._-+%".indexOf(c) >= 0));
    return plain ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
