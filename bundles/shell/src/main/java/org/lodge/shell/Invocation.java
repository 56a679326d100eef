package org.lodge.shell;

import jakarta.json.JsonValue;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** One run of a command. For the thread that runs it; the streams may be used from others too. */
@ProviderType
public interface Invocation {

  boolean flag(String option);

  /** A value that is always there: a required argument, or an option with a default. */
  String text(String name);

  /** An argument or option that may be absent. */
  Optional<String> optional(String name);

  /** All values of an argument, or of an option that may come several times, in order. */
  List<String> texts(String name);

  int integer(String option);

  Optional<Duration> duration(String option);

  /** Bytes, of an argument. */
  long size(String argument);

  /** Absolute: what was typed, seen from the person's folder. */
  Path path(String name);

  /** The same for a name that was not typed. */
  Path resolve(String path);

  /** Whether the person asked for JSON instead of text. */
  boolean json();

  /** One JSON document, on a line of its own. */
  void print(JsonValue document);

  /** A table that fits the terminal; every cell is made safe for it. */
  void print(Table table);

  /** UTF-8. Text that a guest may have written goes through {@link #safe} first. */
  PrintStream out();

  PrintStream err();

  InputStream in();

  Terminal terminal();

  /** The text with control characters, escape sequences and reordering marks made visible. */
  String safe(String untrustedText);
}
