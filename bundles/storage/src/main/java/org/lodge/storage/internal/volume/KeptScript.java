package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.vsock.VsockStream;

/** Does something to the volumes that a guest keeps, by a script that its agent runs there. */
@FunctionalInterface
interface KeptScript {
  String FOLDER = "/srv/disks";

  /**
   * Waits until it is done.
   *
   * @param arguments as {@code volumes.sh} says
   * @return what the script has said, which is untrusted
   * @throws IOException where it can't be run or says that it failed; what was asked is done in
   *     full or not at all
   */
  String run(String guest, Duration limit, String... arguments)
      throws IOException, InterruptedException;

  static String text() {
    try (InputStream in = KeptScript.class.getResourceAsStream("/guest/volumes.sh")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static KeptScript by(Agents agents) {
    return new InGuest(agents);
  }

  /** The guest was not there to be asked. */
  final class NotUpException extends IOException {
    private static final long serialVersionUID = 1;

    NotUpException(String guest) {
      super(
          "guest '%s', which keeps it, is not up; start it: lodge start %s"
              .formatted(guest, guest));
    }
  }

  /** It was run, and nothing was done. */
  final class FailedException extends IOException {
    private static final long serialVersionUID = 1;

    FailedException(String guest, String untrustedLine) {
      super("guest '%s' says: %s".formatted(guest, untrustedLine));
    }
  }

  /** Through the guest's agent. */
  final class InGuest implements KeptScript {
    private static final Duration BEGIN = Duration.ofSeconds(10);
    private static final int OUTPUT_MAX = 1 << 20;
    private static final int ERRORS_MAX = 4096;
    private static final int SENTENCE_MAX = 200;
    private static final int SIGKILL = 9;

    private final Agents agents;
    private final String script = text();

    InGuest(Agents agents) {
      this.agents = agents;
    }

    @Override
    public String run(String guest, Duration limit, String... arguments)
        throws IOException, InterruptedException {
      Optional<AgentSession> session = agents.session(guest);
      if (session.isEmpty()) {
        throw new NotUpException(guest);
      }
      String[] words = new String[5 + arguments.length];
      words[0] = "sh";
      words[1] = "-c";
      words[2] = script;
      words[3] = "volumes";
      words[4] = FOLDER;
      System.arraycopy(arguments, 0, words, 5, arguments.length);
      try (AgentProgram program = session.get().exec(ExecRequest.of(words), BEGIN)) {
        FutureTask<String> said = new FutureTask<>(() -> outcome(guest, program));
        Thread.ofVirtual().name("volumes-in-" + guest).start(said);
        return await(guest, program, said, limit);
      }
    }

    private static String await(
        String guest, AgentProgram program, FutureTask<String> said, Duration limit)
        throws IOException, InterruptedException {
      boolean over = false;
      try {
        String text = said.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        over = true;
        return text;
      } catch (ExecutionException e) {
        over = true;
        throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
      } catch (TimeoutException e) {
        throw new IOException(
            "guest '%s' does not answer within %d s".formatted(guest, limit.toSeconds()), e);
      } finally {
        if (!over) {
          program.signal(SIGKILL);
        }
      }
    }

    private static String outcome(String guest, AgentProgram program)
        throws IOException, InterruptedException {
      // Side by side: a script that waits for room in the one would never end the other.
      FutureTask<String> said =
          new FutureTask<>(
              () -> program.errors().isPresent() ? read(program.errors().get(), ERRORS_MAX) : "");
      Thread.ofVirtual().name("errors-in-" + guest).start(said);
      String output = read(program.stream(), OUTPUT_MAX);
      String errors;
      ExitStatus status;
      try {
        errors = said.get();
        status = program.exit().toCompletableFuture().get();
      } catch (ExecutionException e) {
        throw new IOException("guest '%s' has gone meanwhile".formatted(guest), e);
      }
      if (status.shellCode() != 0) {
        throw new FailedException(guest, lastLine(errors, status.shellCode()));
      }
      return output;
    }

    private static String read(VsockStream stream, int most) throws IOException {
      ByteBuffer bytes = ByteBuffer.allocate(most);
      while (stream.read(bytes) >= 0) {
        if (!bytes.hasRemaining()) {
          throw new IOException("guest '%s' says too much".formatted(stream.guest()));
        }
      }
      return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    }

    private static String lastLine(String untrusted, int code) {
      String plain = untrusted.strip().replaceAll("[^ -~\n]", "?");
      String line = plain.substring(plain.lastIndexOf('\n') + 1);
      return line.isEmpty()
          ? "exit " + code
          : line.substring(0, Math.min(line.length(), SENTENCE_MAX));
    }
  }
}
