package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.util.ArrayList;
import java.util.List;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.Explanation;
import org.lodge.policy.Party;
import org.lodge.policy.Request;
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
import org.lodge.shell.internal.Services;

/** {@code policy explain}: what would be decided, and why. */
final class PolicyExplain implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("", Style.LEFT, 0),
          new Column("RULE", Style.LEFT, 0),
          new Column("TEXT", Style.LEFT, 3),
          new Column("WHY", Style.LEFT, 2));

  private final Services services;

  PolicyExplain(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    Description description =
        Description.of("policy explain", "Tell what the rules say of a call, and why")
            .details(
                "Nothing is connected. The rules for the service are shown in their order with the"
                    + " reason why each does or does not match, up to the one that decides. Needs"
                    + " no running Lodge.")
            .argument("SERVICE", Kind.SERVICE, Arity.ONE, "its name, or NAME+ARGUMENT")
            .details(
                "Of the person at this shell the rules decide on lodge call alone. Commands such as"
                    + " exec and cp ask no rule, which is told where SOURCE is @host.")
            .argument("SOURCE", Kind.PARTY, Arity.ONE, "the guest that calls, or @host")
            .argument(
                "TARGET", Kind.PARTY, Arity.OPTIONAL, "the guest that is called; else @default")
            .example("lodge policy explain sign work vault", "May work have vault sign?")
            .example("lodge policy explain tcp+22 work vault", "And reach its port 22?")
            .json("action", "allow, deny or ask")
            .json("target", "whom it would connect to; on ask whom to offer first")
            .json("candidates", "on ask, whom a person may pick")
            .json("why", "one sentence")
            .json(
                "command", "of this shell that SERVICE is and that asks no rule; absent otherwise")
            .json("steps[].matches", "whether the rule matches")
            .json("steps[].reason", "why it does or does not");
    return RuleJson.describe(RuleJson.describe(description, "rule"), "steps[].rule");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Request request = request(invocation);
    Explanation explanation = services.policy().explain(request, services.parties());
    if (AtShell.isMeantBy(request, explanation, services.parties())) {
      return AtShell.explain(request, explanation, invocation);
    }
    if (invocation.json()) {
      json(explanation, invocation);
      return ExitCode.OK;
    }
    Decision decision = explanation.decision();
    invocation.out().println(invocation.safe(request + ": " + outcome(decision)));
    invocation.out().println(invocation.safe("  " + decision.explanation()));
    AtShell.hint(request, services.parties()).ifPresent(invocation.out()::println);
    if (!explanation.steps().isEmpty()) {
      List<List<String>> rows = new ArrayList<>();
      for (Explanation.Step step : explanation.steps()) {
        rows.add(
            List.of(
                step.matches() ? "*" : "", step.rule().place(), step.rule().text(), step.reason()));
      }
      invocation.out().println();
      invocation.print(new Table(COLUMNS, rows));
    }
    return ExitCode.OK;
  }

  static String outcome(Decision decision) {
    return switch (decision.action()) {
      case ALLOW -> "allowed, to " + decision.target();
      case DENY -> "denied";
      case ASK -> "a person is asked, and may pick " + String.join(", ", decision.candidates());
    };
  }

  static Request request(Invocation invocation) throws CommandException {
    String service = invocation.text("SERVICE");
    int plus = service.indexOf('+');
    try {
      return new Request(
          plus < 0 ? service : service.substring(0, plus),
          plus < 0 ? "" : service.substring(plus + 1),
          invocation.text("SOURCE"),
          invocation.optional("TARGET").orElse(Party.DEFAULT));
    } catch (IllegalArgumentException e) {
      throw new CommandException(
          ExitCode.USAGE,
          "policy explain: " + e.getMessage(),
          List.of("as in: lodge policy explain sign work vault"));
    }
  }

  private static void json(Explanation explanation, Invocation invocation) {
    Decision decision = explanation.decision();
    JsonObjectBuilder json = Json.createObjectBuilder();
    json.add("action", RuleJson.word(decision.action())).add("target", decision.target());
    if (decision.action() == Action.ASK) {
      json.add("candidates", Json.createArrayBuilder(decision.candidates()));
    }
    json.add("why", decision.explanation());
    decision.rule().ifPresent(rule -> json.add("rule", RuleJson.of(rule)));
    JsonArrayBuilder steps = Json.createArrayBuilder();
    for (Explanation.Step step : explanation.steps()) {
      steps.add(
          Json.createObjectBuilder()
              .add("rule", RuleJson.of(step.rule()))
              .add("matches", step.matches())
              .add("reason", step.reason()));
    }
    invocation.print(json.add("steps", steps).build());
  }
}
