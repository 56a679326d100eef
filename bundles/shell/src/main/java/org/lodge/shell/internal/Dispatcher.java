package org.lodge.shell.internal;

import jakarta.json.Json;
import jakarta.json.JsonObjectBuilder;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.lodge.images.ImageException;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.vm.GuestException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a command line: finds the command, answers {@code --help} without acting, checks the
 * arguments, and turns what goes wrong into a message and an exit code.
 */
@Component(service = Dispatcher.class)
public final class Dispatcher {
  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

  private final CommandRegistry registry;
  private final GogoCommands gogo;

  @Activate
  public Dispatcher(@Reference CommandRegistry registry, @Reference GogoCommands gogo) {
    this.registry = registry;
    this.gogo = gogo;
  }

  /**
   * @param words the command's name and its arguments
   * @return the exit code
   */
  public int run(List<String> words, Io io) {
    boolean json = CommandLine.asksForJson(words);
    try {
      return find(words, io);
    } catch (Exception e) {
      return fail(e, io, json);
    } finally {
      io.out().flush();
      io.err().flush();
    }
  }

  private int find(List<String> words, Io io) throws Exception {
    String first = words.isEmpty() ? "help" : words.getFirst();
    if (first.equals("--help") || first.equals("-h")) {
      first = "help";
    }
    List<String> rest = words.isEmpty() ? List.of() : words.subList(1, words.size());
    if (!rest.isEmpty()) {
      // A command may have a family of its own, as windows and windows close.
      Optional<Command> member = registry.find(first + " " + rest.getFirst());
      if (member.isPresent()) {
        return run(member.get(), rest.subList(1, rest.size()), io);
      }
    }
    Optional<Command> command = registry.find(first);
    if (command.isPresent()) {
      return run(command.get(), rest, io);
    }
    List<Command> family = registry.family(first);
    if (!family.isEmpty()) {
      return member(first, family, rest, io);
    }
    if (gogo != null && gogo.has(first)) {
      return gogo.run(words, io);
    }
    throw new CommandException(
        ExitCode.USAGE,
        "unknown command " + SafeText.safe(first) + Nearest.suggestion(first, registry.words(), ""),
        List.of("all commands: lodge help"));
  }

  private int member(String family, List<Command> members, List<String> rest, Io io)
      throws Exception {
    List<String> names = new ArrayList<>();
    for (Command member : members) {
      String name = member.description().name().substring(family.length() + 1);
      if (!rest.isEmpty() && rest.getFirst().equals(name)) {
        return run(member, rest.subList(1, rest.size()), io);
      }
      names.add(name);
    }
    if (CommandLine.asksForHelp(rest)) {
      for (Command member : members) {
        io.out().println(HelpText.of(member.description(), io.terminal().columns()));
      }
      return ExitCode.OK;
    }
    String typed = rest.isEmpty() ? "" : rest.getFirst();
    throw new CommandException(
        ExitCode.USAGE,
        family
            + (typed.isEmpty() ? " needs one of: " : ": unknown command " + SafeText.safe(typed))
            + (typed.isEmpty() ? String.join(", ", names) : Nearest.suggestion(typed, names, "")),
        List.of("more: lodge " + family + " --help"));
  }

  private static int run(Command command, List<String> words, Io io) throws Exception {
    Description description = command.description();
    if (CommandLine.asksForHelp(words)) {
      io.out().print(HelpText.of(description, io.terminal().columns()));
      return ExitCode.OK;
    }
    return command.run(new Run(description, CommandLine.parse(description, words), io));
  }

  private static int fail(Exception thrown, Io io, boolean json) {
    Throwable e = thrown;
    while ((e instanceof ExecutionException || e instanceof CompletionException)
        && e.getCause() != null) {
      e = e.getCause();
    }
    return switch (e) {
      case InterruptedException interrupted -> ExitCode.INTERRUPTED;
      case InterruptedIOException interrupted -> ExitCode.INTERRUPTED;
      case ClosedByInterruptException interrupted -> ExitCode.INTERRUPTED;
      case CommandException wrong -> {
        say(wrong.getMessage(), wrong.lines(), wrong.exitCode(), "", "", io, json);
        yield wrong.exitCode();
      }
      case GuestException wrong -> {
        String message = json ? wrong.getMessage() : wrong.guest() + ": " + wrong.getMessage();
        say(message, wrong.lastLines(), ExitCode.FAILED, wrong.guest(), wrong.stage(), io, json);
        yield ExitCode.FAILED;
      }
      case ImageException wrong -> {
        String message = wrong.image() + ": " + wrong.step() + ": " + wrong.getMessage();
        say(message, List.of(), ExitCode.FAILED, "", wrong.step(), io, json);
        yield ExitCode.FAILED;
      }
      default -> {
        LOG.warn("A command failed", e);
        say(e + "; the log has more: lodge logs", List.of(), ExitCode.FAILED, "", "", io, json);
        yield ExitCode.FAILED;
      }
    };
  }

  private static void say(
      String message,
      List<String> lines,
      int exitCode,
      String guest,
      String stage,
      Io io,
      boolean json) {
    if (json) {
      JsonObjectBuilder error = Json.createObjectBuilder();
      error.add("message", message).add("exitCode", exitCode);
      error.add("lines", Json.createArrayBuilder(lines));
      if (!guest.isEmpty()) {
        error.add("guest", guest);
      }
      if (!stage.isEmpty()) {
        error.add("stage", stage);
      }
      io.err().print(Json.createObjectBuilder().add("error", error).build() + "\n");
      return;
    }
    List<String> text = message.lines().map(SafeText::safe).toList();
    io.err().println("lodge: " + String.join("\n  ", text));
    for (String line : lines) {
      io.err().println("  " + SafeText.safe(line));
    }
  }
}
