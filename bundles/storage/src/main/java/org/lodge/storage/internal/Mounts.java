package org.lodge.storage.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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

/** Lets a guest's agent mount shares, and let go of them. Calls wait for the guest. */
final class Mounts {
  private static final Duration AGENT = Duration.ofSeconds(60);

  /** Some guests count as ready while they are still in their initial RAM disk. */
  private static final Duration BEGIN = Duration.ofSeconds(30);

  /** Mounting may wait half a minute for the device. */
  private static final Duration PROGRAM = Duration.ofSeconds(60);

  private static final int SIGKILL = 9;
  private static final int TEXT_MAX = 400;

  /** Small images have these programs in busybox alone. */
  private static final String EITHER =
      "b() { if command -v \"$1\" >/dev/null; then \"$@\"; else busybox \"$@\"; fi; }; ";

  /** It may be mounted since before this Lodge; the driver may still be probing the device. */
  private static final String MOUNT =
      EITHER
          + "while read -r d at kind rest; do"
          + " [ \"$at $kind\" = \"$2 virtiofs\" ] && exit 0; done < /proc/mounts; "
          + "b modprobe -q virtiofs 2>/dev/null; "
          + "if [ ! -d \"$2\" ]; then b mkdir -p \"$2\" /run/lodge-mounts &&"
          + " : > \"/run/lodge-mounts/$1\" || exit 1; fi; n=0"
          + "; until said=$(b mount -t virtiofs -o \"$3\" \"$1\" \"$2\" 2>&1); do"
          + " n=$((n+1)); [ $n -lt 300 ] || { echo \"$said\"; exit 1; }; b sleep 0.1; done; "
          // Left to itself the kernel asks for 128 KiB at a time, each time with a wait.
          + "r=/sys/class/bdi/$(b mountpoint -d \"$2\")/read_ahead_kb;"
          + " [ ! -w \"$r\" ] || echo 1024 > \"$r\" || :";

  /** A folder that was made for it goes again: whoever writes there would think it is shared. */
  private static final String UNMOUNT =
      EITHER
          + "b umount -l \"$2\" 2>&1 || exit 1; m=\"/run/lodge-mounts/$1\";"
          + " [ ! -e \"$m\" ] || { b rm -f \"$m\"; b rmdir \"$2\" 2>&1; }";

  /** Where the folders of shares of one file are mounted. */
  private static final String FILES = "/run/lodge-files";

  /** There must be a file to put the other one over; what is made for that goes again. */
  private static final String BIND =
      EITHER
          + "while read -r d at rest; do [ \"$at\" = \"$2\" ] && exit 0; done < /proc/mounts; "
          + "if [ ! -e \"$2\" ]; then b mkdir -p \"${2%/*}/\" /run/lodge-mounts && : > \"$2\" &&"
          + " : > \"/run/lodge-mounts/$1.file\" || exit 1; fi; "
          + "b mount -o bind \"$3\" \"$2\" 2>&1";

  private static final String UNBIND =
      EITHER
          + "b umount -l \"$2\" 2>&1 || exit 1; m=\"/run/lodge-mounts/$1.file\";"
          + " [ ! -e \"$m\" ] || { b rm -f \"$m\" \"$2\"; }";

  private final Agents agents;
  private final Duration programLimit;

  Mounts(Agents agents) {
    this(agents, PROGRAM);
  }

  Mounts(Agents agents, Duration programLimit) {
    this.agents = agents;
    this.programLimit = programLimit;
  }

  /**
   * @return the boot id of the guest that has it
   * @throws IOException with what the guest said
   */
  String mount(Grant grant, String place) throws IOException {
    String options =
        "nodev"
            + (grant.rules().setUid() ? "" : ",nosuid")
            + (grant.rules().readOnly() ? ",ro" : "");
    String directory = grant.file() ? folder(grant) : place;
    String boot = run(grant.guest(), AGENT, MOUNT, grant.share(), directory, options);
    if (grant.file()) {
      String file = Path.of(grant.path()).getFileName().toString();
      run(grant.guest(), AGENT, BIND, grant.share(), place, directory + "/" + file);
    }
    return boot;
  }

  /** Empty where the guest's agent is not there. */
  Optional<String> boot(String guest) {
    return agents.session(guest).map(session -> session.info().bootId());
  }

  private static String folder(Grant grant) {
    return FILES + "/" + grant.share();
  }

  /** Open files stay open there until the device goes. */
  void unmount(Grant grant, String place, Duration limit) throws IOException {
    if (grant.file()) {
      run(grant.guest(), limit, UNBIND, grant.share(), place);
    }
    String directory = grant.file() ? folder(grant) : place;
    run(grant.guest(), limit, UNMOUNT, grant.share(), directory);
  }

  private String run(String guest, Duration limit, String script, String... arguments)
      throws IOException {
    String[] all = new String[4 + arguments.length];
    all[0] = "sh";
    all[1] = "-c";
    all[2] = script;
    all[3] = "sh";
    System.arraycopy(arguments, 0, all, 4, arguments.length);
    AgentSession session = agents.await(guest, limit);
    try (AgentProgram program = session.exec(ExecRequest.of(all), BEGIN)) {
      // On a thread of its own: nothing obliges a guest to say anything, or to end what it says.
      FutureTask<String> outcome = new FutureTask<>(() -> failure(program));
      Thread.ofVirtual().name("mounts-of-" + guest).start(outcome);
      String said = await(program, outcome);
      if (!said.isEmpty()) {
        throw new IOException(said);
      }
    }
    return session.info().bootId();
  }

  private String await(AgentProgram program, FutureTask<String> outcome) throws IOException {
    try {
      return outcome.get(programLimit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      program.signal(SIGKILL);
      throw new IOException("the guest did not say how it went", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Why it failed, empty where it has not. */
  private static String failure(AgentProgram program) throws Exception {
    ByteBuffer text = ByteBuffer.allocate(TEXT_MAX);
    while (text.hasRemaining() && program.stream().read(text) >= 0) {}
    ExitStatus status = program.exit().toCompletableFuture().get();
    String said = new String(text.array(), 0, text.position(), StandardCharsets.UTF_8);
    return status.code() == 0 && status.signal() == 0 ? "" : "the guest said: " + said.strip();
  }
}
