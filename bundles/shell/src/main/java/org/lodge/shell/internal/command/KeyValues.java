package org.lodge.shell.internal.command;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lodge.shell.CommandException;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;

/** The words {@code KEY=VALUE} that a device takes as its configuration or as arguments. */
final class KeyValues {
  static final String ARGUMENT = "KEY=VALUE";

  private KeyValues() {}

  static Map<String, Object> of(Invocation invocation, String command) throws CommandException {
    Map<String, Object> values = new LinkedHashMap<>();
    for (String word : invocation.texts(ARGUMENT)) {
      int equals = word.indexOf('=');
      if (equals < 1 || values.put(word.substring(0, equals), word.substring(equals + 1)) != null) {
        throw new CommandException(
            ExitCode.USAGE,
            command + ": '" + word + "' is not KEY=VALUE, or its key comes twice",
            List.of());
      }
    }
    return values;
  }
}
