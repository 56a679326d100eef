package org.lodge.agent;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodge.vsock.VsockStream;

/**
 * A shell script that a guest runs as root and is waited for. Nothing obliges a guest to say
 * little, or to end what it says: it is killed where it goes beyond these bounds.
 *
 * @param name what the script is called, which is its {@code $0}
 * @param text of the script
 * @param bytesMax how much it may say, as output and as errors each
 * @param begin for it to begin
 * @param limit for it to end, from then on
 */
public record GuestScript(String name, String text, int bytesMax, Duration begin, Duration limit) {
  private static final int SIGKILL = 9;

  /**
   * What it has said until its end.
   *
   * @param output untrusted
   * @param errors untrusted
   */
  public record Outcome(String output, String errors, ExitStatus status) {}

  /**
   * Waits until it has ended, whatever its exit status is.
   *
   * @param arguments its {@code $1} and so on
   * @throws AgentException where it does not begin; with the guest's error number where it says why
   * @throws IOException where it goes beyond a bound, or its guest has gone
   */
  public Outcome run(AgentSession session, String... arguments)
      throws IOException, InterruptedException {
    String[] words = new String[4 + arguments.length];
    words[0] = "sh";
    words[1] = "-c";
    words[2] = text;
    words[3] = name;
    System.arraycopy(arguments, 0, words, 4, arguments.length);
    try (AgentProgram program = session.exec(ExecRequest.of(words), begin)) {
      FutureTask<Outcome> outcome = new FutureTask<>(() -> outcome(session.guest(), program));
      Thread.ofVirtual().name(name + "-in-" + session.guest()).start(outcome);
      return await(session.guest(), program, outcome);
    }
  }

  private Outcome await(String guest, AgentProgram program, FutureTask<Outcome> outcome)
      throws IOException, InterruptedException {
    boolean over = false;
    try {
      Outcome said = get(guest, outcome);
      over = true;
      return said;
    } finally {
      if (!over) {
        kill(program);
      }
    }
  }

  private Outcome get(String guest, FutureTask<Outcome> outcome)
      throws IOException, InterruptedException {
    try {
      return outcome.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw failure(guest, e);
    } catch (TimeoutException e) {
      throw new IOException(
          "guest '%s' does not answer within %d s".formatted(guest, limit.toSeconds()), e);
    }
  }

  private static IOException failure(String guest, ExecutionException e) {
    return e.getCause() instanceof IOException said
        ? said
        : new IOException("guest '%s' has gone meanwhile".formatted(guest), e.getCause());
  }

  /** A guest that has gone has killed it, too. */
  private static void kill(AgentProgram program) {
    try {
      program.signal(SIGKILL);
    } catch (IOException e) {
      assert !String.valueOf(e.getMessage()).isEmpty();
    }
  }

  private Outcome outcome(String guest, AgentProgram program)
      throws IOException, InterruptedException {
    // Side by side: a script that waits for room in the one would never end the other.
    FutureTask<String> errors =
        new FutureTask<>(
            () -> program.errors().isPresent() ? read(guest, program.errors().get()) : "");
    Thread.ofVirtual().name(name + "-errors-in-" + guest).start(errors);
    String output = read(guest, program.stream());
    try {
      return new Outcome(output, errors.get(), program.exit().toCompletableFuture().get());
    } catch (ExecutionException e) {
      throw failure(guest, e);
    }
  }

  private String read(String guest, VsockStream stream) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(bytesMax + 1);
    while (stream.read(bytes) >= 0) {
      if (!bytes.hasRemaining()) {
        throw new IOException("guest '%s' says too much".formatted(guest));
      }
    }
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
  }
}
