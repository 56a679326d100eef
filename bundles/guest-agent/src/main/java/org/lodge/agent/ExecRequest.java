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
 * @param user whose the program is, by the guest's {@code /etc/passwd}; where present, {@code uid}
 *     and {@code gid} mean nothing, and {@code HOME}, {@code USER}, {@code LOGNAME} and {@code
 *     SHELL} are set by it
 * @param errorsInGuest whether standard error stays in the guest, where the agent's own goes: its
 *     console or journal
 */
public record ExecRequest(
    List<String> arguments,
    Map<String, String> environment,
    String folder,
    int uid,
    int gid,
    Optional<TerminalSize> terminal,
    Optional<String> user,
    boolean errorsInGuest) {

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

  /** As a user that is known by its numbers, with three streams or a terminal. */
  public ExecRequest(
      List<String> arguments,
      Map<String, String> environment,
      String folder,
      int uid,
      int gid,
      Optional<TerminalSize> terminal) {
    this(arguments, environment, folder, uid, gid, terminal, Optional.empty(), false);
  }

  /** As root, with pipes and a plain environment. */
  public static ExecRequest of(String... arguments) {
    return new ExecRequest(List.of(arguments), ROOT, "", 0, 0, Optional.empty());
  }

  /** The same with a terminal. */
  public ExecRequest withTerminal(int rows, int columns) {
    return new ExecRequest(
        arguments,
        environment,
        folder,
        uid,
        gid,
        Optional.of(new TerminalSize(rows, columns)),
        user,
        errorsInGuest);
  }

  /** The same as another user of the guest. */
  public ExecRequest as(String name) {
    return new ExecRequest(
        arguments, environment, folder, uid, gid, terminal, Optional.of(name), errorsInGuest);
  }
}
