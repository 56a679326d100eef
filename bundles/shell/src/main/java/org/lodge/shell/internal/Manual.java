package org.lodge.shell.internal;

import java.util.List;
import java.util.Optional;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.ExitCode;

/** Finds the text for what a person asked help on. */
public final class Manual {
  private Manual() {}

  /**
   * @param words a command, or a family such as {@code image}
   */
  public static String of(CommandRegistry registry, List<String> words, int columns)
      throws CommandException {
    String name = String.join(" ", words);
    Optional<Command> command = registry.find(name);
    if (command.isPresent()) {
      return HelpText.of(command.get().description(), columns);
    }
    List<Command> family = registry.family(name);
    if (family.isEmpty()) {
      List<String> known = registry.all().stream().map(c -> c.description().name()).toList();
      throw new CommandException(
          ExitCode.USAGE,
          "no command " + SafeText.safe(name) + Nearest.suggestion(name, known, ""),
          List.of("all commands: lodge help"));
    }
    StringBuilder text = new StringBuilder();
    for (Command member : family) {
      text.append(text.isEmpty() ? "" : "\n").append(HelpText.of(member.description(), columns));
    }
    return text.toString();
  }
}
