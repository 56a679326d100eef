package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.CommandRegistry;
import org.lodge.shell.internal.Services;
import org.lodge.shell.internal.ShellCompleter;

/** {@code complete}: what the completion of a shell on the host asks. */
public final class Complete implements Command {
  private final CommandRegistry registry;
  private final Services services;

  public Complete(CommandRegistry registry, Services services) {
    this.registry = registry;
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("complete", "Tell what the last word of a command may become")
        .details(
            "One a line; for the completion of shells, which is made by: lodge completion. The"
                + " last word is the one that is being typed, so it may be empty.")
        .argument("WORD", Kind.WORD, Arity.MANY, "of a command line, without lodge")
        .example("lodge complete -- stop w", "The guests whose names begin with w.")
        .example("lodge complete -- device rm work ''", "The devices of work.")
        .json("candidates[].word", "what may be typed")
        .json("candidates[].help", "what it means; may be empty");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<String> words = invocation.texts("WORD");
    Path folder = invocation.resolve("");
    String typed = words.getLast();
    Map<String, String> found =
        new ShellCompleter(registry, services, null, folder)
            .candidates(words.subList(0, words.size() - 1), typed);
    Map<String, String> fitting = new TreeMap<>(found);
    fitting.keySet().removeIf(word -> !word.startsWith(typed) || !plain(word));
    if (invocation.json()) {
      JsonArrayBuilder array = Json.createArrayBuilder();
      fitting.forEach((word, help) ->
          array.add(Json.createObjectBuilder().add("word", word).add("help", help)));
      invocation.print(Json.createObjectBuilder().add("candidates", array).build());
    } else {
      fitting.keySet().forEach(invocation.out()::println);
    }
    return ExitCode.OK;
  }

  /** What is not, a shell would not take as it stands: names of files are anybody's. */
  private static boolean plain(String word) {
    return word.matches("[\\p{L}\\p{N}@%+=:,./_-]+");
  }
}
