package org.lodge.shell.internal;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.lodge.shell.ExitCode;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The container's own Gogo commands, such as {@code lb}, as words of a command line. */
@Component(service = GogoCommands.class)
public final class GogoCommands {
  /** {@code logs} is meant; this one tells of bundles, by the thousand lines. */
  private static final Set<String> SLIPS = Set.of("log");

  private final CommandProcessor processor;

  @Activate
  public GogoCommands(@Reference CommandProcessor processor) {
    this.processor = processor;
  }

  /** All names, as {@code scope:name}. */
  Set<String> names() {
    try (CommandSession session = session(Io.none())) {
      Object names = session.get(".commands");
      Set<String> known = new TreeSet<>();
      if (names instanceof Set<?> set) {
        set.forEach(name -> known.add(name.toString()));
      }
      return known;
    }
  }

  /** One that is a slip for a command of Lodge's is had by its scope only, as felix:log. */
  boolean has(String name) {
    return !SLIPS.contains(name)
        && names().stream().anyMatch(known -> known.equals(name) || known.endsWith(":" + name));
  }

  CommandSession session(Io io) {
    return processor.createSession(io.in(), io.out(), io.err());
  }

  int run(List<String> words, Io io) throws Exception {
    StringBuilder line = new StringBuilder(words.getFirst());
    for (String word : words.subList(1, words.size())) {
      line.append(" '").append(word.replace("'", "'\\''")).append('\'');
    }
    try (CommandSession session = session(io)) {
      session.put("SCOPE", "felix:*");
      Object result = session.execute(line);
      if (result != null) {
        io.out().println(session.format(result, Converter.INSPECT));
      }
    }
    return ExitCode.OK;
  }
}
