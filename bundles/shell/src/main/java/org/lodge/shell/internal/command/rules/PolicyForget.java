package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import java.util.List;
import java.util.Optional;
import org.lodge.policy.TemporaryRule;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;

/** {@code policy forget NUMBER}: takes a temporary rule back. */
final class PolicyForget implements Command {
  private final Services services;

  PolicyForget(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return RuleJson.describe(
        Description.of("policy forget", "Take a temporary rule back")
            .details("What it allowed before goes on; end that with: lodge connections --end ID")
            .argument("NUMBER", Kind.INTEGER, Arity.ONE, "as lodge policy rules shows it")
            .example("lodge policy forget 1", "The first that was added.")
            .json("rule", "the one that is no longer in force"),
        "rule");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    int number = invocation.integer("NUMBER");
    List<TemporaryRule> rules = services.policy().temporary();
    Optional<TemporaryRule> found =
        rules.stream().filter(rule -> rule.rule().line() == number).findFirst();
    if (found.isEmpty()) {
      List<String> numbers = rules.stream().map(rule -> "" + rule.rule().line()).toList();
      throw new CommandException(
          "there is no temporary rule "
              + number
              + (numbers.isEmpty()
                  ? "; there are none"
                  : "; there are " + String.join(", ", numbers)));
    }
    found.get().close();
    if (invocation.json()) {
      invocation.print(
          Json.createObjectBuilder().add("rule", RuleJson.of(found.get().rule())).build());
    } else {
      invocation.out().println("no longer: " + invocation.safe(found.get().rule().text()));
    }
    return ExitCode.OK;
  }
}
