package org.lodge.shell.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import org.lodge.shell.Command;
import org.lodge.shell.internal.command.Commands;
import org.lodge.shell.internal.command.Complete;
import org.lodge.shell.internal.command.Completion;
import org.lodge.shell.internal.command.Help;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** All commands by name: the shell's own, and those that other bundles register. */
@Component(service = CommandRegistry.class)
public final class CommandRegistry {
  private final Map<String, Command> own = new TreeMap<>();
  private final Map<String, Command> others = new ConcurrentSkipListMap<>();

  @Activate
  public CommandRegistry(@Reference Services services) {
    for (Command command : Commands.all(services)) {
      own.put(command.description().name(), command);
    }
    own.put("help", new Help(this));
    own.put("complete", new Complete(this, services));
    own.put("completion", new Completion(this));
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  public void bindCommand(Command command) {
    others.put(command.description().name(), command);
  }

  public void unbindCommand(Command command) {
    others.remove(command.description().name(), command);
  }

  /** The shell's own. */
  List<Command> own() {
    return List.copyOf(own.values());
  }

  /** By name, sorted. The shell's own can't be replaced. */
  public List<Command> all() {
    Map<String, Command> all = new TreeMap<>(others);
    all.putAll(own);
    return new ArrayList<>(all.values());
  }

  public Optional<Command> find(String name) {
    Command command = own.get(name);
    return Optional.ofNullable(command == null ? others.get(name) : command);
  }

  /** Whether a line may begin with this word. */
  boolean knows(String word) {
    return word.startsWith("-") || find(word).isPresent() || !family(word).isEmpty();
  }

  /** What somebody may have meant: commands, and words that several begin with. */
  Set<String> words() {
    Set<String> words = new TreeSet<>();
    for (Command command : all()) {
      String name = command.description().name();
      words.add(name);
      words.add(name.split(" ")[0]);
    }
    return words;
  }

  /** Commands such as {@code image build}, for the word {@code image}. */
  public List<Command> family(String word) {
    return all().stream().filter(c -> c.description().name().startsWith(word + " ")).toList();
  }
}
