package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import java.util.List;
import org.lodge.policy.Policy;
import org.lodge.policy.Rule;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Services;

/** {@code policy rules}: the rules in force, in the order in which they are looked at. */
final class PolicyRules implements Command {
  private static final List<Column> COLUMNS =
      List.of(new Column("RULE", Style.LEFT, 0), new Column("TEXT", Style.LEFT, 1));

  private final Services services;

  PolicyRules(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return RuleJson.describe(
        Description.of("policy rules", "List the rules in force, with file and line")
            .details(
                "In the order in which they are looked at: the first that matches decides."
                    + " Temporary ones stand before those of config/policy.d and end with Lodge.")
            .example("lodge policy rules", "All of them.")
            .json("distrust", "why everything is denied; absent when all is well")
            .json("rules", "in their order"),
        "rules[]");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Policy policy = services.policy();
    List<Rule> rules = policy.rules();
    if (invocation.json()) {
      var json = Json.createObjectBuilder();
      policy.distrust().ifPresent(why -> json.add("distrust", why));
      invocation.print(
          json.add("rules", Json.createArrayBuilder(rules.stream().map(RuleJson::of).toList()))
              .build());
      return ExitCode.OK;
    }
    if (policy.distrust().isPresent()) {
      invocation.err().println(invocation.safe("lodge: " + policy.distrust().get()));
    }
    if (rules.isEmpty()) {
      invocation.out().println("No rules: everything is denied. See: lodge help policy allow");
    } else {
      invocation.print(
          new Table(
              COLUMNS, rules.stream().map(rule -> List.of(rule.place(), rule.text())).toList()));
    }
    return ExitCode.OK;
  }
}
