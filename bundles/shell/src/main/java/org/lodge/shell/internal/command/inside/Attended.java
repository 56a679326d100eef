package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.ExitStatus;
import org.lodge.shell.CommandException;
import org.lodge.shell.Invocation;
import org.lodge.shell.Terminal;

/** A program of a guest with a person at it. */
final class Attended {
  private static final int SIGHUP = 1;
  private static final int SIGINT = 2;

  private final AgentProgram program;
  private final Invocation invocation;

  Attended(AgentProgram program, Invocation invocation) {
    this.program = program;
    this.invocation = invocation;
  }

  /**
   * Joins the person's streams to the program's, and waits until it has ended and all it wrote has
   * come. Ctrl-C is a signal for the program; where the person goes away it is hung up on.
   *
   * @param input whether the program gets the person's standard input, or an empty one
   */
  ExitStatus run(boolean input, OutputStream out, OutputStream err)
      throws IOException, InterruptedException, CommandException {
    Duplex stream = Duplex.of(program.stream());
    Flow outgoing = Flow.out(stream, out);
    Flow errors = program.errors().map(e -> Flow.out(Duplex.of(e), err)).orElse(Flow.none());
    Flow incoming = Flow.none();
    if (input) {
      incoming = Flow.in(invocation.in(), stream);
    } else {
      stream.endOutput();
    }
    try {
      ExitStatus status = await(outgoing, errors);
      incoming.stop();
      return status;
    } finally {
      // Before the streams are closed nothing may be left that reads the person's keys.
      if (incoming.thread() != null) {
        incoming.thread().interrupt();
      }
    }
  }

  /** The same with the person's terminal as the program's. */
  ExitStatus runOnTerminal() throws IOException, InterruptedException, CommandException {
    Terminal terminal = invocation.terminal();
    Runnable resize = () -> Thread.startVirtualThread(this::resize);
    try (Terminal.Resizing _ = terminal.onResize(resize);
        Terminal.Raw _ = terminal.inputIsTty() ? terminal.raw() : null) {
      // What came between the program's start and now.
      resize();
      return run(true, invocation.out(), invocation.err());
    }
  }

  private void resize() {
    try {
      program.resize(invocation.terminal().rows(), invocation.terminal().columns());
    } catch (IOException e) {
      // The agent has gone, which the wait for the program's end tells.
    }
  }

  private ExitStatus await(Flow outgoing, Flow errors)
      throws InterruptedException, IOException, CommandException {
    // A way that broke is no reason to forget how the program ended.
    CompletableFuture<ExitStatus> done =
        program
            .exit()
            .toCompletableFuture()
            .thenCombine(outgoing.ended().exceptionally(_ -> null), (status, _) -> status)
            .thenCombine(errors.ended().exceptionally(_ -> null), (status, _) -> status);
    while (true) {
      try {
        return done.get();
      } catch (InterruptedException e) {
        if (invocation.terminal().isGone()) {
          program.signal(SIGHUP);
          throw e;
        }
        program.signal(SIGINT);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof AgentException lost) {
          throw new CommandException(
              Inside.NOT_RUN,
              "how the program ended is not known: " + lost.getMessage(),
              List.of());
        }
        throw new IOException(e.getCause());
      }
    }
  }
}
