package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.util.ArrayList;
import java.util.List;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.CommandRegistry;
import org.lodge.shell.internal.Manual;

/** {@code help [COMMAND]}: the commands, or one command's text. */
public final class Help implements Command {
  private final CommandRegistry registry;

  /**
   * @param registry null where only the description is needed
   */
  public Help(CommandRegistry registry) {
    this.registry = registry;
  }

  @Override
  public Description description() {
    return Description.of("help", "List the commands, or explain one")
        .details("The same text is in the man page: man lodge-COMMAND.")
        .argument("COMMAND", Kind.COMMAND, Arity.ANY, "which; one or two words")
        .example("lodge help", "All commands.")
        .example("lodge help image build", "What lodge image build --help shows.")
        .json("commands[].name", "as typed")
        .json("commands[].summary", "one line")
        .json("commands[].usage", "with a COMMAND only, as all that follows")
        .json("commands[].arguments[].name", "as in the usage")
        .json("commands[].arguments[].help", "what it is")
        .json("commands[].options[].flags", "its letter, its name and its value")
        .json("commands[].options[].help", "what it does")
        .json("commands[].exitCodes[].code", "a number")
        .json("commands[].exitCodes[].help", "what it means");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<String> words = invocation.texts("COMMAND");
    if (!words.isEmpty() && invocation.json()) {
      invocation.print(
          Json.createObjectBuilder().add("commands", Manual.json(registry, words)).build());
      return ExitCode.OK;
    }
    if (!words.isEmpty()) {
      invocation.out().print(Manual.of(registry, words, invocation.terminal().columns()));
      return ExitCode.OK;
    }
    if (invocation.json()) {
      JsonArrayBuilder commands = Json.createArrayBuilder();
      for (Command command : registry.all()) {
        Description description = command.description();
        commands.add(
            Json.createObjectBuilder()
                .add("name", description.name())
                .add("summary", description.summary()));
      }
      invocation.print(Json.createObjectBuilder().add("commands", commands).build());
      return ExitCode.OK;
    }
    List<List<String>> rows = new ArrayList<>();
    for (Command command : registry.all()) {
      rows.add(List.of(command.description().name(), command.description().summary()));
    }
    rows.add(List.of("up", "Start Lodge; said to the program lodge, not to a running Lodge"));
    invocation.print(
        new Table(
            List.of(new Column("COMMAND", Style.LEFT, 0), new Column("", Style.LEFT, 1)), rows));
    invocation
        .out()
        .println(
            "\nOne command: lodge help COMMAND, or lodge COMMAND --help, which never acts.\n"
                + "The container's own commands work too, as in: lodge lb\n"
                + "An interactive shell, with completion: lodge admin");
    return ExitCode.OK;
  }
}
