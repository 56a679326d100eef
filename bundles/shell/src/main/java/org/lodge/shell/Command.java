package org.lodge.shell;

/**
 * A command of the shell. Whiteboard: register it as an OSGi service; it goes with its service.
 *
 * <p>Thread-safe: several people may run it at once, each run on a thread of its own.
 */
public interface Command {

  /** Name, arguments, help; the same at every call. */
  Description description();

  /**
   * Runs once; all arguments have been checked against the description. The thread is interrupted
   * when the person presses Ctrl-C or goes away: return soon, by {@link InterruptedException} where
   * nothing better is to be said.
   *
   * @return the exit code, one of those described
   * @throws CommandException with a message for the person
   */
  int run(Invocation invocation) throws Exception;
}
