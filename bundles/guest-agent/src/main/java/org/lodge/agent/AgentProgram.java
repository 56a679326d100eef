package org.lodge.agent;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.lodge.vsock.VsockStream;
import org.osgi.annotation.versioning.ProviderType;

/** A program that runs in a guest. Thread-safe. */
@ProviderType
public interface AgentProgram extends AutoCloseable {

  int pid();

  /** Standard input to write, standard output to read; with a terminal all three. */
  VsockStream stream();

  /** Standard error to read; none with a terminal. */
  Optional<VsockStream> errors();

  /**
   * Completes when the program has ended, exceptionally where the agent has gone first or this was
   * closed. Output may still be underway then: read until the end.
   */
  CompletionStage<ExitStatus> exit();

  /** Tells the terminal its new size. */
  void resize(int rows, int columns) throws IOException;

  /** Sends a signal to the program's process group. */
  void signal(int number) throws IOException;

  /** Lets go of the streams; the program is not ended by this unless it reads or writes them. */
  @Override
  void close();
}
