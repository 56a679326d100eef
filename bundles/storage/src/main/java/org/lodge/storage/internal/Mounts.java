package org.lodge.storage.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.GuestScript;

/** Lets a guest's agent mount shares, and let go of them. Calls wait for the guest. */
final class Mounts {
  private static final Duration AGENT = Duration.ofSeconds(60);

  /** Some guests count as ready while they are still in their initial RAM disk. */
  private static final Duration BEGIN = Duration.ofSeconds(30);

  /** Mounting may wait half a minute for the device. */
  private static final Duration PROGRAM = Duration.ofSeconds(60);

  private static final int TEXT_MAX = 1 << 16;
  private static final int SENTENCE_MAX = 400;

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
    AgentSession session = agents.await(guest, limit);
    try {
      GuestScript.Outcome outcome =
          new GuestScript("mounts", script, TEXT_MAX, BEGIN, programLimit).run(session, arguments);
      if (outcome.status().shellCode() != 0) {
        String said = outcome.output().strip();
        throw new IOException(
            "the guest said: " + said.substring(0, Math.min(said.length(), SENTENCE_MAX)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    return session.info().bootId();
  }
}
