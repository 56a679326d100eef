package org.lodge.shell.internal;

import jakarta.json.JsonValue;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.shell.Description;
import org.lodge.shell.Invocation;
import org.lodge.shell.Option;
import org.lodge.shell.Table;
import org.lodge.shell.Terminal;

/** One run of a command over some {@link Io}. */
final class Run implements Invocation {
  private final Description description;
  private final CommandLine line;
  private final Io io;

  Run(Description description, CommandLine line, Io io) {
    this.description = description;
    this.line = line;
    this.io = io;
  }

  @Override
  public boolean flag(String option) {
    return line.flag(option);
  }

  @Override
  public String text(String name) {
    return optional(name)
        .orElseThrow(() -> new IllegalArgumentException("No value and no default: " + name));
  }

  @Override
  public Optional<String> optional(String name) {
    List<String> given = line.all(name);
    if (!given.isEmpty()) {
      // Of an option that comes several times the last counts.
      return Optional.of(given.getLast());
    }
    for (Option option : description.options()) {
      if (option.name().equals(name) && !option.defaultValue().isEmpty()) {
        return Optional.of(option.defaultValue());
      }
    }
    return Optional.empty();
  }

  @Override
  public List<String> texts(String name) {
    return line.all(name);
  }

  @Override
  public int integer(String option) {
    return Integer.parseInt(text(option));
  }

  @Override
  public Optional<Duration> duration(String option) {
    return optional(option).map(Durations::parse);
  }

  @Override
  public long size(String argument) {
    return Durations.parseSize(text(argument));
  }

  @Override
  public Path path(String name) {
    return resolve(text(name));
  }

  @Override
  public Path resolve(String path) {
    return io.folder().resolve(path).normalize();
  }

  @Override
  public boolean json() {
    return line.flag("json");
  }

  @Override
  public void print(JsonValue document) {
    io.out().print(document + "\n");
    io.out().flush();
  }

  @Override
  public void print(Table table) {
    Terminal terminal = io.terminal();
    int columns = terminal.outputIsTty() ? terminal.columns() : Integer.MAX_VALUE;
    List<String> lines = TableLayout.lines(table, columns, terminal.colors());
    io.out().print(String.join("\n", lines) + "\n");
    io.out().flush();
  }

  @Override
  public PrintStream out() {
    return io.out();
  }

  @Override
  public PrintStream err() {
    return io.err();
  }

  @Override
  public InputStream in() {
    return io.in();
  }

  @Override
  public Terminal terminal() {
    return io.terminal();
  }

  @Override
  public String safe(String untrustedText) {
    return SafeText.safe(untrustedText);
  }
}
