package org.lodge.shell;

import java.util.List;

/** A command failed; the person sees the message, or with {@code --json} an object. */
public class CommandException extends Exception {
  private static final long serialVersionUID = 1;

  private final int exitCode;
  private final transient List<String> lines;

  /**
   * @param exitCode 1 to 125
   * @param message what went wrong and what to do next
   * @param lines shown below it, such as the end of a log
   */
  public CommandException(int exitCode, String message, List<String> lines) {
    super(message);
    this.exitCode = exitCode;
    this.lines = List.copyOf(lines);
  }

  public CommandException(String message) {
    this(ExitCode.FAILED, message, List.of());
  }

  public int exitCode() {
    return exitCode;
  }

  public List<String> lines() {
    return lines;
  }
}
