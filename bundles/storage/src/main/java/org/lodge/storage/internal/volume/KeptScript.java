package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.GuestScript;

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
    private static final int BYTES_MAX = 1 << 20;
    private static final int SENTENCE_MAX = 200;

    private final Agents agents;
    private final String script = text();

    InGuest(Agents agents) {
      this.agents = agents;
    }

    @Override
    public String run(String guest, Duration limit, String... arguments)
        throws IOException, InterruptedException {
      AgentSession session = agents.session(guest).orElseThrow(() -> new NotUpException(guest));
      String[] words = new String[1 + arguments.length];
      words[0] = FOLDER;
      System.arraycopy(arguments, 0, words, 1, arguments.length);
      GuestScript.Outcome outcome =
          new GuestScript("volumes", script, BYTES_MAX, BEGIN, limit).run(session, words);
      int code = outcome.status().shellCode();
      if (code != 0) {
        throw new FailedException(guest, lastLine(outcome.errors(), code));
      }
      return outcome.output();
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
