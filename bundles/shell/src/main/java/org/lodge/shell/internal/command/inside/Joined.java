package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.lodge.shell.CommandException;
import org.lodge.shell.Invocation;

/** A connection joined to the person's standard input and output. */
public final class Joined {
  private Joined() {}

  /**
   * Returns when the other side has ended. The end of standard input is passed on; the other side
   * may go on sending after it.
   *
   * @param outcome of a program at the other side, which may read on after the end of its output
   * @param what for errors, such as {@code work:22}
   * @param lost the exit code for that
   * @throws CommandException where the connection was reset
   */
  public static void run(
      Duplex stream,
      Optional<CompletionStage<Integer>> outcome,
      String what,
      int lost,
      Invocation invocation)
      throws IOException, InterruptedException, CommandException {
    try (stream) {
      Flow incoming = Flow.in(invocation.in(), stream);
      try {
        Flow.out(stream, invocation.out()).ended().get();
        if (outcome.isPresent()) {
          // How it went is for the caller to tell.
          outcome.get().handle((code, failure) -> code).toCompletableFuture().get();
        }
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof IOException)) {
          throw new IllegalStateException(e.getCause());
        }
        throw new CommandException(
            lost, what + ": the connection broke: " + e.getCause().getMessage(), List.of());
      } finally {
        incoming.thread().interrupt();
      }
      incoming.stop();
    }
  }
}
