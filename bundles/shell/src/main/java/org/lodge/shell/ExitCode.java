package org.lodge.shell;

/** The exit codes that every command shares. */
public interface ExitCode {
  int OK = 0;
  int FAILED = 1;

  /** The command line is wrong; nothing was done. */
  int USAGE = 2;

  /** Lodge does not run; said by the client. */
  int NOT_RUNNING = 3;

  /** Ctrl-C. */
  int INTERRUPTED = 130;
}
