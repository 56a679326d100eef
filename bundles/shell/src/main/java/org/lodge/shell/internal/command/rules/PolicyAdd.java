package org.lodge.shell.internal.command.rules;

import static java.util.stream.Collectors.joining;

import jakarta.json.Json;
import java.util.ArrayList;
import java.util.List;
import org.lodge.policy.Action;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Rule;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;

/** {@code policy allow}, {@code deny} and {@code ask}: a rule that ends with Lodge. */
final class PolicyAdd implements Command {
  private final Services services;
  private final Action action;

  PolicyAdd(Services services, Action action) {
    this.services = services;
    this.action = action;
  }

  @Override
  public Description description() {
    String verb = RuleJson.word(action);
    String summary =
        switch (action) {
          case ALLOW -> "Allow a service until Lodge ends";
          case DENY -> "Deny a service until Lodge ends";
          case ASK -> "Have a person asked about a service until Lodge ends";
        };
    return RuleJson.describe(
        Description.of("policy " + verb, summary)
            .details(
                "The rule stands before all others, so it decides. What is connected already is"
                    + " not touched. For one that stays, write the same line into"
                    + " config/policy.d/NAME.policy; docs/policy.md tells the syntax.")
            .argument("SERVICE", Kind.SERVICE, Arity.ONE, "its name, NAME+ARGUMENT, or *")
            .argument("SOURCE", Kind.PARTY, Arity.ONE, "who calls, as rules write it")
            .argument("TARGET", Kind.PARTY, Arity.ONE, "who is called, as rules write it")
            .argument("KEY=VALUE", Kind.TEXT, Arity.ANY, "options of the rule")
            .example("lodge policy " + verb + " sign work vault", "One service of one guest.")
            .example(
                "lodge policy " + verb + " 'tcp+22' @tag:dev @any", "For every guest with a tag.")
            .json("rule", "as it is in force"),
        "rule");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<String> columns = new ArrayList<>();
    columns.add(invocation.text("SERVICE"));
    columns.add(invocation.text("SOURCE"));
    columns.add(invocation.text("TARGET"));
    columns.add(RuleJson.word(action));
    columns.addAll(invocation.texts("KEY=VALUE"));
    for (String column : columns) {
      if (column.chars().anyMatch(Character::isWhitespace)) {
        throw usage("'" + column + "' has a space in it");
      }
    }
    try {
      Rule rule = services.policy().addTemporary(String.join(" ", columns)).rule();
      warnOfUnknown(invocation);
      if (invocation.json()) {
        invocation.print(Json.createObjectBuilder().add("rule", RuleJson.of(rule)).build());
      } else {
        invocation.out().println(invocation.safe(rule.text()));
        invocation.out().println("until Lodge ends, or: lodge policy forget " + rule.line());
      }
      return ExitCode.OK;
    } catch (PolicySyntaxException e) {
      throw usage(e.getMessage());
    }
  }

  private CommandException usage(String message) {
    return new CommandException(
        ExitCode.USAGE,
        "policy " + RuleJson.word(action) + ": " + message,
        List.of("syntax: docs/policy.md"));
  }

  /** A rule may be for a guest that comes later; mostly it is a slip. */
  private void warnOfUnknown(Invocation invocation) throws Exception {
    GuestDirectory directory = services.parties();
    String known = directory.all().stream().map(Party::name).sorted().collect(joining(", "));
    for (String party : List.of(invocation.text("SOURCE"), invocation.text("TARGET"))) {
      if (party.matches("[a-z][a-z0-9-]*") && directory.find(party).isEmpty()) {
        invocation
            .err()
            .println(
                "warning: there is no guest %s; there %s"
                    .formatted(party, known.isEmpty() ? "is none" : "are " + known));
      }
    }
  }
}
