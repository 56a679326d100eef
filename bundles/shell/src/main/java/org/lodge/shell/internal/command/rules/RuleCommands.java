package org.lodge.shell.internal.command.rules;

import java.util.List;
import org.lodge.policy.Action;
import org.lodge.shell.Command;
import org.lodge.shell.internal.Services;

/** The commands about who may connect to whom, and who does. */
public final class RuleCommands {
  private RuleCommands() {}

  public static List<Command> all(Services services) {
    return List.of(
        new PolicyCheck(services),
        new PolicyExplain(services),
        new PolicyGraph(services),
        new PolicyRules(services),
        new PolicyAdd(services, Action.ALLOW),
        new PolicyAdd(services, Action.DENY),
        new PolicyAdd(services, Action.ASK),
        new PolicyForget(services),
        new Asks(services),
        new Connections(services),
        new ServiceLs(services),
        new CallCommand(services));
  }
}
