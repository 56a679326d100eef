package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.lodge.connect.Connection;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Services;

/** {@code connections}: who is connected to whom now. */
final class Connections implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("ID", Style.RIGHT, 0),
          new Column("SERVICE", Style.LEFT, 1),
          new Column("SOURCE", Style.LEFT, 0),
          new Column("TARGET", Style.LEFT, 0),
          new Column("STAGE", Style.LEFT, 0),
          new Column("SINCE", Style.RIGHT, 0),
          new Column("SENT", Style.RIGHT, 0),
          new Column("BACK", Style.RIGHT, 0));

  private final Services services;

  Connections(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("connections", "List the open connections between guests")
        .details(
            "Those that were asked for by the name of a service, and what they have carried: SENT"
                + " from the caller to the target, BACK the other way. Commands at this shell, such"
                + " as exec and cp, are not among them.")
        .argument("GUEST", Kind.GUEST, Arity.OPTIONAL, "only those of this guest")
        .option(new Option("end", 'e', Kind.INTEGER, "", "reset this one; both sides see it"))
        .example("lodge connections", "All that are open.")
        .example("lodge connections --end 12", "Ends one at once.")
        .json("connections[].id", "as in the audit log")
        .json("connections[].service", "with its argument, as rules write it")
        .json("connections[].source", "who called")
        .json("connections[].target", "whom it goes to")
        .json("connections[].stage", "deciding, asking, connecting, granted or open")
        .json("connections[].since", "when it was asked for, ISO 8601")
        .json("connections[].forwardBytes", "from the caller to the target")
        .json("connections[].backwardBytes", "the other way")
        .json("ended", "after --end: the id");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<Connection> all = services.broker().connections();
    if (invocation.optional("end").isPresent()) {
      return end(all, invocation);
    }
    String guest = invocation.optional("GUEST").orElse("");
    if (!guest.isEmpty()) {
      services.guests().status(guest);
    }
    List<Connection> shown =
        all.stream().filter(connection -> guest.isEmpty() || concerns(connection, guest)).toList();
    if (invocation.json()) {
      JsonArrayBuilder array = Json.createArrayBuilder();
      for (Connection connection : shown) {
        array.add(
            Json.createObjectBuilder()
                .add("id", connection.id())
                .add("service", connection.request().serviceText())
                .add("source", connection.request().source())
                .add("target", connection.target())
                .add("stage", stage(connection))
                .add("since", connection.since().toString())
                .add("forwardBytes", connection.forwardBytes())
                .add("backwardBytes", connection.backwardBytes()));
      }
      invocation.print(Json.createObjectBuilder().add("connections", array).build());
    } else if (shown.isEmpty()) {
      invocation.out().println("Nothing is connected");
    } else {
      invocation.print(new Table(COLUMNS, shown.stream().map(Connections::row).toList()));
    }
    return ExitCode.OK;
  }

  private static boolean concerns(Connection connection, String guest) {
    return connection.request().source().equals(guest) || connection.target().equals(guest);
  }

  private static int end(List<Connection> all, Invocation invocation) throws CommandException {
    int id = invocation.integer("end");
    Connection found =
        all.stream()
            .filter(connection -> connection.id() == id)
            .findFirst()
            .orElseThrow(() ->
                new CommandException(
                    "there is no connection " + id + " now; see: lodge connections"));
    found.reset("ended by a person at the shell");
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("ended", id).build());
    }
    return ExitCode.OK;
  }

  private static String stage(Connection connection) {
    return connection.stage().name().toLowerCase(Locale.ROOT);
  }

  private static List<String> row(Connection connection) {
    return List.of(
        Long.toString(connection.id()),
        connection.request().serviceText(),
        connection.request().source(),
        connection.target(),
        stage(connection),
        Durations.age(Duration.between(connection.since(), Instant.now())),
        Durations.size(connection.forwardBytes()),
        Durations.size(connection.backwardBytes()));
  }
}
