package org.lodge.shell.internal.admin;

import java.util.List;
import org.lodge.shell.internal.Io;

/** What a client's command line is given to. */
interface ClientCommands {

  /**
   * @param words empty for an interactive shell
   * @return the exit code
   */
  int run(List<String> words, Io io, SocketTerminal terminal);
}
