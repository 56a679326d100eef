package org.lodge.shell.internal;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.util.List;
import java.util.Optional;
import org.lodge.shell.Argument;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Option;

/** Finds the text for what a person asked help on. */
public final class Manual {
  private Manual() {}

  /**
   * @param words a command, or a family such as {@code image}
   */
  public static String of(CommandRegistry registry, List<String> words, int columns)
      throws CommandException {
    StringBuilder text = new StringBuilder();
    for (Command command : find(registry, words)) {
      text.append(text.isEmpty() ? "" : "\n").append(HelpText.of(command.description(), columns));
    }
    return text.toString();
  }

  /** The same for programs: of each command what it takes and how it ends. */
  public static JsonArray json(CommandRegistry registry, List<String> words)
      throws CommandException {
    JsonArrayBuilder commands = Json.createArrayBuilder();
    for (Command command : find(registry, words)) {
      Description description = command.description();
      JsonArrayBuilder arguments = Json.createArrayBuilder();
      for (Argument argument : description.arguments()) {
        arguments.add(entry("name", argument.name(), argument.help()));
      }
      JsonArrayBuilder options = Json.createArrayBuilder();
      for (Option option : CommandLine.options(description)) {
        options.add(entry("flags", HelpText.flags(option), HelpText.help(option)));
      }
      JsonArrayBuilder exitCodes = Json.createArrayBuilder();
      HelpText.exitCodes(description)
          .forEach((code, meaning) ->
              exitCodes.add(Json.createObjectBuilder().add("code", code).add("help", meaning)));
      commands.add(
          Json.createObjectBuilder()
              .add("name", description.name())
              .add("summary", description.summary())
              .add("usage", HelpText.usage(description))
              .add("arguments", arguments)
              .add("options", options)
              .add("exitCodes", exitCodes));
    }
    return commands.build();
  }

  private static JsonObjectBuilder entry(String key, String value, String help) {
    return Json.createObjectBuilder().add(key, value).add("help", help);
  }

  private static List<Command> find(CommandRegistry registry, List<String> words)
      throws CommandException {
    String name = String.join(" ", words);
    Optional<Command> command = registry.find(name);
    if (command.isPresent()) {
      return List.of(command.get());
    }
    List<Command> family = registry.family(name);
    if (family.isEmpty()) {
      throw new CommandException(
          ExitCode.USAGE,
          "no command " + SafeText.safe(name) + Nearest.suggestion(name, registry.words(), ""),
          List.of("all commands: lodge help"));
    }
    return family;
  }
}
