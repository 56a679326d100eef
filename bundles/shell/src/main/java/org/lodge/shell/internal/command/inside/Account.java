package org.lodge.shell.internal.command.inside;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentFile;
import org.lodge.agent.AgentSession;
import org.lodge.shell.CommandException;

/** A user of a guest, as its {@code /etc/passwd} has it; passwd(5). */
record Account(String name, int uid, int gid, String home, String shell) {
  static final Account ROOT = new Account("root", 0, 0, "/root", "/bin/sh");

  private static final int LARGEST_BYTES = 1 << 20;
  private static final int FIELDS = 7;

  /**
   * Looks a user up in the guest.
   *
   * @throws CommandException if it has none of that name
   */
  static Account of(AgentSession session, String user, Duration limit)
      throws IOException, CommandException {
    String untrustedFile = passwd(session, limit);
    for (String line : untrustedFile.split("\n")) {
      String[] fields = line.split(":", -1);
      if (fields.length == FIELDS && fields[0].equals(user)) {
        try {
          int uid = Integer.parseUnsignedInt(fields[2]);
          int gid = Integer.parseUnsignedInt(fields[3]);
          String shell = fields[6].isBlank() ? "/bin/sh" : fields[6];
          return new Account(fields[0], uid, gid, fields[5], shell);
        } catch (NumberFormatException e) {
          continue;
        }
      }
    }
    if (user.equals("root")) {
      return ROOT;
    }
    throw new CommandException(
        Inside.NOT_RUN,
        session.guest() + " has no user " + user + " in its /etc/passwd",
        List.of());
  }

  private static String passwd(AgentSession session, Duration limit) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (AgentFile file = session.get("/etc/passwd", limit)) {
      ByteBuffer buffer = ByteBuffer.allocate(8192);
      int count;
      while ((count = file.content().read(buffer.clear())) >= 0 && bytes.size() < LARGEST_BYTES) {
        bytes.write(buffer.array(), 0, count);
      }
    } catch (AgentException e) {
      if (e.errno() != Inside.ENOENT) {
        throw e;
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** What a login would set. */
  Map<String, String> environment() {
    Map<String, String> environment = new LinkedHashMap<>();

    environment.put(
        "PATH",
        (uid == 0
            ? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            : "/usr/local/bin:/usr/bin:/bin"));
    environment.put("HOME", home);
    environment.put("USER", name);
    environment.put("LOGNAME", name);
    environment.put("SHELL", shell);
    environment.put("LANG", "C.UTF-8");
    return environment;
  }
}
