package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.lodge.connect.Ask;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.Party;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Services;

/** {@code asks}: the calls that wait for a person's yes. */
final class Asks implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("ID", Style.RIGHT, 0),
          new Column("SERVICE", Style.LEFT, 0),
          new Column("SOURCE", Style.LEFT, 0),
          new Column("WANTS", Style.LEFT, 2),
          new Column("MAY PICK", Style.LEFT, 1),
          new Column("LEFT", Style.RIGHT, 0),
          new Column("RULE", Style.LEFT, 3));

  private final Services services;

  Asks(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("asks", "Show the calls that wait for a person, or answer one")
        .details(
            "A rule with the action ask lets a call wait until somebody answers here; no answer in"
                + " time is a no. You pick the target, whatever the guest asked for: the one that is"
                + " offered first, or another that the rules do not deny.")
        .argument("ID", Kind.INTEGER, Arity.OPTIONAL, "answer this one")
        .argument("ANSWER", Kind.TEXT, Arity.OPTIONAL, "yes or no")
        .argument("TARGET", Kind.GUEST, Arity.OPTIONAL, "with yes: connect it to this guest")
        .example("lodge asks", "What waits.")
        .example("lodge asks 12 yes", "Yes, to the target that is offered first.")
        .example("lodge asks 12 yes vault", "Yes, to vault.")
        .example("lodge asks 12 no", "No.")
        .json("asks[].id", "of the connection")
        .json("asks[].service", "with its argument, as rules write it")
        .json("asks[].source", "the guest that calls")
        .json("asks[].target", "whom it named; @default for nobody")
        .json("asks[].candidates", "whom you may pick")
        .json("asks[].preferred", "the one that is offered first; absent for none")
        .json("asks[].rule", "file and line of the rule that asks")
        .json("asks[].deadline", "no answer until then is a no, ISO 8601")
        .json("answer", "after an answer: allow or deny, as the rules of now made it")
        .json("target", "after a yes: whom it is connected to");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<Ask> asks = services.broker().asks();
    if (invocation.optional("ID").isPresent()) {
      return answer(asks, invocation);
    }
    if (invocation.json()) {
      JsonArrayBuilder array = Json.createArrayBuilder();
      asks.forEach(ask -> array.add(json(ask)));
      invocation.print(Json.createObjectBuilder().add("asks", array).build());
    } else if (asks.isEmpty()) {
      invocation.out().println("Nothing waits for an answer");
    } else {
      invocation.print(new Table(COLUMNS, asks.stream().map(Asks::row).toList()));
      invocation.out().println("\nAnswer with: lodge asks ID yes [TARGET], or lodge asks ID no");
    }
    return ExitCode.OK;
  }

  private static jakarta.json.JsonObjectBuilder json(Ask ask) {
    var json = Json.createObjectBuilder();
    json.add("id", ask.id()).add("service", ask.request().serviceText());
    json.add("source", ask.request().source()).add("target", ask.request().target());
    json.add("candidates", Json.createArrayBuilder(ask.candidates()));
    if (!ask.preferred().equals(Party.DEFAULT)) {
      json.add("preferred", ask.preferred());
    }
    return json.add("rule", ask.rulePlace()).add("deadline", ask.deadline().toString());
  }

  private static List<String> row(Ask ask) {
    return List.of(
        Long.toString(ask.id()),
        ask.request().serviceText(),
        ask.request().source(),
        ask.request().target().equals(Party.DEFAULT) ? "anybody" : ask.request().target(),
        picks(ask),
        Durations.age(Duration.between(Instant.now(), ask.deadline())),
        ask.rulePlace());
  }

  /** The one that is offered first in front, marked. */
  private static String picks(Ask ask) {
    StringBuilder picks = new StringBuilder();
    for (String candidate : ask.candidates()) {
      boolean first = candidate.equals(ask.preferred());
      picks.append(picks.isEmpty() ? "" : ", ").append(candidate).append(first ? "*" : "");
    }
    return picks.toString();
  }

  private static int answer(List<Ask> asks, Invocation invocation) throws CommandException {
    int id = invocation.integer("ID");
    String answer = invocation.optional("ANSWER").orElse("");
    if (!answer.equals("yes") && !answer.equals("no")) {
      throw new CommandException(
          ExitCode.USAGE,
          "asks: the answer is yes or no",
          List.of("as in: lodge asks " + id + " yes"));
    }
    Ask ask =
        asks.stream()
            .filter(waiting -> waiting.id() == id)
            .findFirst()
            .orElseThrow(() ->
                new CommandException(
                    "nothing with the id "
                        + id
                        + " waits: it was answered, its time was up, or its caller went; see: lodge asks"));
    if (answer.equals("no")) {
      ask.deny();
      say("deny", Optional.empty(), ask, invocation);
      return ExitCode.OK;
    }
    String target = target(ask, invocation);
    Decision decision = ask.allow(target);
    if (decision.action() != Action.ALLOW) {
      throw new CommandException("it is denied all the same: " + decision.explanation());
    }
    say("allow", Optional.of(decision.target()), ask, invocation);
    return ExitCode.OK;
  }

  private static String target(Ask ask, Invocation invocation) throws CommandException {
    Optional<String> named = invocation.optional("TARGET");
    String picks = String.join(", ", ask.candidates());
    if (named.isPresent() && !ask.candidates().contains(named.get())) {
      throw new CommandException(
          ExitCode.USAGE,
          "asks: " + named.get() + " can't be picked; pick one of: " + picks,
          List.of());
    }
    if (named.isEmpty() && ask.preferred().equals(Party.DEFAULT)) {
      if (ask.candidates().size() == 1) {
        return ask.candidates().getFirst();
      }
      throw new CommandException(
          ExitCode.USAGE,
          "asks: to whom? pick one of: " + picks,
          List.of("as in: lodge asks " + ask.id() + " yes " + ask.candidates().getFirst()));
    }
    return named.orElse(ask.preferred());
  }

  private static void say(String answer, Optional<String> target, Ask ask, Invocation invocation) {
    if (invocation.json()) {
      var json = Json.createObjectBuilder().add("answer", answer);
      target.ifPresent(name -> json.add("target", name));
      invocation.print(json.build());
      return;
    }
    String what = ask.request().serviceText() + " of " + ask.request().source();
    invocation
        .out()
        .println(target.map(name -> what + " goes to " + name).orElse(what + " is denied"));
  }
}
