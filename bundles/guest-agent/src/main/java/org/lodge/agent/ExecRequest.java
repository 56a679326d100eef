package org.lodge.agent;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A program to be run in a guest.
 *
 * @param arguments the program's name or path first, at most 512
 * @param environment all of it; nothing is inherited. A name is looked up in its {@code PATH}
 * @param folder to run in; empty for the root folder
 * @param terminal its size, where the program gets one
 */
public record ExecRequest(
    List<String> arguments,
    Map<String, String> environment,
    String folder,
    int uid,
    int gid,
    Optional<TerminalSize> terminal) {

  private static final Map<String, String> ROOT =
      Map.of(
          "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
          "HOME", "/root",
          "USER", "root",
          "LANG", "C.UTF-8");

  /** The size of a terminal in characters. */
  public record TerminalSize(int rows, int columns) {}

  public ExecRequest {
    arguments = List.copyOf(arguments);
    environment = Map.copyOf(environment);
    if (arguments.isEmpty() || arguments.getFirst().isEmpty()) {
      throw new IllegalArgumentException("no program is named");
    }
  }

  /** As root, with pipes and a plain environment. */
  public static ExecRequest of(String... arguments) {
    return new ExecRequest(List.of(arguments), ROOT, "", 0, 0, Optional.empty());
  }

  /** The same with a terminal. */
  public ExecRequest withTerminal(int rows, int columns) {
    return new ExecRequest(
        arguments, environment, folder, uid, gid, Optional.of(new TerminalSize(rows, columns)));
  }
}
