package org.lodge.itests;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A systemd that tests start for themselves, whatever runs the machine: as a user's manager, in a
 * control group and with mounts of its own. It needs root.
 */
final class UserManager {
  private static final Path PROGRAM = Path.of("/lib/systemd/systemd");
  private static final String MOUNTS =
      """
      mount -t cgroup2 none /sys/fs/cgroup && mkdir -p /run/systemd &&
      mount -t tmpfs none /run/systemd && mkdir /run/systemd/system && exec "$0" --user
      """;
  private static final int LIMIT_SECONDS = 60;

  private final Path group;
  private final Path runtime;
  private final Path units;
  private final Path log;
  private final Process process;

  private UserManager(Path place) throws Exception {
    group = Files.createDirectory(groups().orElseThrow().resolve(place.getFileName()));
    var ownerOnly = PosixFilePermissions.fromString("rwx------");
    runtime =
        Files.createDirectory(
            place.resolve("xdg"), PosixFilePermissions.asFileAttribute(ownerOnly));
    units = Files.createDirectory(place.resolve("units"));
    log = place.resolve("systemd.log");
    ProcessBuilder builder =
        new ProcessBuilder(
            "/bin/sh",
            "-c",
            "echo $$ >\"$0/cgroup.procs\" && exec unshare --mount --cgroup /bin/sh -c \"$@\"",
            group.toString(),
            MOUNTS,
            PROGRAM.toString());
    builder.environment().put("XDG_RUNTIME_DIR", runtime.toString());
    builder.environment().put("SYSTEMD_UNIT_PATH", units + ":");
    builder.environment().put("SYSTEMD_LOG_TARGET", "console");
    process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    LodgeHost.until(
        "systemd answers", () -> !process.isAlive() || call("show", "--property=Version") == 0);
    if (!process.isAlive()) {
      close();
      throw new AssertionError("systemd ended at once: " + Files.readString(log));
    }
  }

  static UserManager start(Path place) throws Exception {
    return new UserManager(place);
  }

  /** Why there can be none here; empty if there can. */
  static Optional<String> lacking() throws IOException {
    if (!Files.isExecutable(PROGRAM)) {
      return Optional.of("systemd is not installed");
    }
    if (!"root".equals(System.getProperty("user.name"))) {
      return Optional.of("only root may mount what systemd needs");
    }
    return groups().filter(Files::isWritable).isEmpty()
        ? Optional.of("no file system of control groups (cgroup2) can be written")
        : Optional.empty();
  }

  private static Optional<Path> groups() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
        .map(line -> line.split(" "))
        .filter(words -> words[2].equals("cgroup2") && words[3].startsWith("rw"))
        .map(words -> Path.of(words[1]))
        .findFirst();
  }

  void define(String unit, String text) throws Exception {
    Files.writeString(units.resolve(unit), text);
    ok("daemon-reload");
  }

  void ok(String... arguments) throws Exception {
    int exit = call(arguments);
    if (exit != 0) {
      throw new AssertionError(
          "systemctl %s: exit %d%n%s"
              .formatted(String.join(" ", arguments), exit, Files.readString(log)));
    }
  }

  /** A number that systemd tells of a unit. */
  int number(String unit, String property) throws Exception {
    Process show = systemctl("show", "--value", "--property=" + property, unit).start();
    String said = new String(show.getInputStream().readAllBytes()).trim();
    return Integer.parseInt(said);
  }

  private int call(String... arguments) throws Exception {
    Process called =
        systemctl(arguments)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    if (!called.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      called.destroyForcibly();
      throw new AssertionError("hangs: systemctl " + String.join(" ", arguments));
    }
    return called.exitValue();
  }

  private ProcessBuilder systemctl(String... arguments) {
    List<String> command = new ArrayList<>(List.of("systemctl", "--user"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("XDG_RUNTIME_DIR", runtime.toString());
    return builder;
  }

  /** Ends it and all that it has started. */
  public void close() throws Exception {
    Files.writeString(group.resolve("cgroup.kill"), "1");
    process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
    LodgeHost.until(
        "its processes are gone",
        () -> Files.readString(group.resolve("cgroup.events")).contains("populated 0"));
    try (Stream<Path> folders = Files.walk(group).filter(Files::isDirectory)) {
      for (Path each : folders.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }
}
