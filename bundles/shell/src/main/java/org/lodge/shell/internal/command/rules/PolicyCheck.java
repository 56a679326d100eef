package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.lodge.policy.Finding;
import org.lodge.policy.Policy;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.internal.Services;

/** {@code policy check}: what is wrong or suspicious in the rules. */
final class PolicyCheck implements Command {
  private final Services services;

  PolicyCheck(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("policy check", "Look for mistakes in the rules")
        .details(
            "Reads config/policy.d again. An error is a line that is left out, or a file that"
                + " denies everything until it is put right; a warning is a rule that is never"
                + " reached, a name that nobody bears, or the like. Needs no running Lodge. The"
                + " syntax is in docs/policy.md.")
        .example("lodge policy check", "After an edit.")
        .json("rules", "how many rules are in force")
        .json("findings[].kind", "such as bad-line, shadowed or unknown-guest")
        .json("findings[].error", "whether the policy as written is not the policy in force")
        .json("findings[].file", "its name without the folder; temporary for rules in memory")
        .json("findings[].line", "from 1; 0 where the whole file is meant")
        .json("findings[].message", "what is wrong and what to do");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Policy policy = services.policy();
    policy.reload();
    List<Finding> findings = policy.lint(services.parties(), Set.of());
    boolean failed = findings.stream().anyMatch(finding -> finding.kind().isError());
    int rules = policy.rules().size();
    if (invocation.json()) {
      JsonArrayBuilder array = Json.createArrayBuilder();
      for (Finding finding : findings) {
        array.add(
            Json.createObjectBuilder()
                .add("kind", finding.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .add("error", finding.kind().isError())
                .add("file", finding.file())
                .add("line", finding.line())
                .add("message", finding.message()));
      }
      invocation.print(
          Json.createObjectBuilder().add("rules", rules).add("findings", array).build());
      return failed ? ExitCode.FAILED : ExitCode.OK;
    }
    for (Finding finding : findings) {
      String weight = finding.kind().isError() ? "error: " : "warning: ";
      invocation.out().println(invocation.safe(weight + finding));
    }
    invocation.out().println(summary(rules, findings.size()));
    return failed ? ExitCode.FAILED : ExitCode.OK;
  }

  private static String summary(int rules, int findings) {
    if (rules == 0 && findings == 0) {
      return "no rules: everything is denied; write some in config/policy.d/NAME.policy";
    }
    String read = rules + (rules == 1 ? " rule" : " rules") + " in force, ";
    return read + (findings == 0 ? "nothing wrong" : findings + " to look at");
  }
}
