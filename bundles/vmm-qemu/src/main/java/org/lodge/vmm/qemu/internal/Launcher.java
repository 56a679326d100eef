package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.lodge.vmm.VmmException;

/**
 * Executes QEMU as a user without rights, in a session of its own, with the disks already open.
 *
 * <p>A shell opens the disks, becomes {@code setsid}, then {@code setpriv}, then QEMU: one process
 * id from the first to the last. QEMU itself opens no disk and outlives Lodge and its terminal.
 */
final class Launcher {
  private static final String GO = "\n";

  private final GuestUsers users;
  private final String setsid;
  private final String setpriv;

  Launcher(GuestUsers users) throws VmmException {
    this.users = users;
    setsid = tool("setsid");
    setpriv = tool("setpriv");
  }

  private static String tool(String name) throws VmmException {
    return find(name)
        .map(Path::toString)
        .orElseThrow(() ->
            new VmmException("exec", "no " + name + " on the PATH: apt-get install util-linux"));
  }

  /** An executable file on the PATH. */
  static Optional<Path> find(String name) {
    String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
    for (String directory : (path + ":/usr/bin:/usr/sbin").split(":")) {
      Path candidate = Path.of(directory).resolve(name);
      if (candidate.isAbsolute()
          && Files.isRegularFile(candidate)
          && Files.isExecutable(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  /**
   * A disk to open for QEMU.
   *
   * @param readOnly the descriptor then can't be written to, whatever QEMU does
   */
  record Opened(Path path, boolean readOnly) {}

  /**
   * Starts the shell, which waits for {@link #go}: the caller first writes down which process it
   * is. If Lodge ends before that, so does the shell.
   *
   * @param group a supplementary group, such as that of {@code /dev/kvm}
   */
  Process start(List<String> qemu, List<Opened> disks, long uid, OptionalLong group, Path log)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(chain(qemu, disks, uid, group));
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/bin:/bin");
    builder.directory(Path.of("/").toFile());
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    return builder.start();
  }

  static void go(Process process) throws IOException {
    try (OutputStream gate = process.getOutputStream()) {
      gate.write(GO.getBytes(StandardCharsets.US_ASCII));
    }
  }

  List<String> chain(List<String> qemu, List<Opened> disks, long uid, OptionalLong group) {
    StringBuilder script = new StringBuilder("read -r go || exit 125; umask 077; ulimit -c 0; ");
    script.append("exec </dev/null");
    List<String> words = new ArrayList<>();
    for (int i = 0; i < disks.size(); i++) {
      script
          .append(' ')
          .append(CommandLine.FIRST_DISK_DESCRIPTOR + i)
          .append(disks.get(i).readOnly() ? "<" : "<>")
          .append("\"$")
          .append(i + 1)
          .append('"');
      words.add(disks.get(i).path().toString());
    }
    script.append("; shift ").append(disks.size()).append("; exec \"$@\"");
    List<String> chain = new ArrayList<>(List.of("/bin/sh", "-c", script.toString(), "lodge-exec"));
    chain.addAll(words);
    chain.addAll(List.of(setsid, setpriv));
    if (users.switched()) {
      chain.addAll(List.of("--reuid=" + uid, "--regid=" + uid));
      chain.add(group.isPresent() ? "--groups=" + group.getAsLong() : "--clear-groups");
      chain.addAll(List.of("--bounding-set=-all", "--inh-caps=-all"));
    }
    chain.add("--no-new-privs");
    chain.addAll(qemu);
    return chain;
  }
}
