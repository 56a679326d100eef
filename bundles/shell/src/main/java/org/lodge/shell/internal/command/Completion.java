package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.CommandRegistry;

/** {@code completion bash}: a script for Bash, made from the descriptions of the commands. */
public final class Completion implements Command {
  /** Those of the program lodge alone. */
  private static final Map<String, String> LAUNCHER = Map.of("up", "--detach --help");

  private final CommandRegistry registry;

  public Completion(CommandRegistry registry) {
    this.registry = registry;
  }

  @Override
  public Description description() {
    return Description.of("completion", "Print what makes a shell complete the words of lodge")
        .details(
            "A Lodge that runs is asked what may come next, with its guests, devices, shares,"
                + " windows and volumes. Where none answers within two seconds, commands and"
                + " options are completed. Needs no running Lodge.")
        .argument("SHELL", Kind.TEXT, Arity.ONE, "bash")
        .example("source <(lodge completion bash)", "For this shell.")
        .example(
            "lodge completion bash > ~/.local/share/bash-completion/completions/lodge",
            "For every later one, where the package bash-completion is installed.")
        .json("script", "what else is printed");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String shell = invocation.text("SHELL");
    if (!shell.equals("bash")) {
      throw new CommandException(
          ExitCode.USAGE,
          "completion: there is none for " + shell + "; there is bash",
          List.of("more: lodge help completion"));
    }
    String script = template().replace("@CASES@", cases());
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("script", script).build());
    } else {
      invocation.out().print(script);
    }
    return ExitCode.OK;
  }

  private static String template() throws IOException {
    try (InputStream in = Completion.class.getResourceAsStream("completion.bash")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** For each command its options, for each word that several begin with the second ones. */
  private String cases() {
    Map<String, Collection<String>> words = new TreeMap<>();
    Collection<String> first = words.computeIfAbsent("words ", _ -> new TreeSet<>());
    StringBuilder cases = new StringBuilder();
    for (Command command : registry.all()) {
      String name = command.description().name();
      String[] parts = name.split(" ", 2);
      first.add(parts[0]);
      if (parts.length > 1) {
        words.computeIfAbsent("words " + parts[0], _ -> new TreeSet<>()).add(parts[1]);
      }
      Collection<String> options = new TreeSet<>();
      for (Option option : command.description().options()) {
        options.add("--" + option.name());
      }
      options.add("--json");
      options.add("--help");
      words.put("options " + name, options);
    }
    first.addAll(LAUNCHER.keySet());
    LAUNCHER.forEach((name, options) -> words.put("options " + name, List.of(options.split(" "))));
    words.forEach((key, all) ->
        cases
            .append("    '")
            .append(key)
            .append(key.startsWith("options") ? "' | '" + key + " '*" : "'")
            .append(") printf '%s\\n' ")
            .append(String.join(" ", all))
            .append(" ;;\n"));
    return cases.toString().stripTrailing();
  }
}
