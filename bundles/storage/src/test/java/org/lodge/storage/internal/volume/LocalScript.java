package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The guest's script, over a folder of this host, and killed before a step where that is wanted.
 */
final class LocalScript implements KeptScript {

  /** Which programs change something there. */
  private static final List<String> PROGRAMS =
      List.of("cp", "ln", "mkdir", "mv", "rm", "sync", "truncate");

  /** Counts its calls, and kills the script instead of the one that is wanted. */
  private static final String COUNTING =
      """
      #!/bin/sh
      step=0
      while read -r _; do step=$((step+1)); done < "$LOG"
      echo "${0##*/} $*" >> "$LOG"
      [ $((step+1)) != "$LAST" ] || { kill -9 $PPID; exit 1; }
      exec "/usr/bin/${0##*/}" "$@"
      """;

  final Path folder;
  private final Path programs;
  private final Path log;
  private int last;

  LocalScript(Path place) throws IOException {
    folder = Files.createDirectories(place.resolve("disks"));
    programs = Files.createDirectory(place.resolve("programs"));
    log = place.resolve("steps");
    for (String each : PROGRAMS) {
      Path program = Files.writeString(programs.resolve(each), COUNTING);
      Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }
  }

  /**
   * @param step of the next call, before which it is killed; 0 for none
   */
  void killBefore(int step) {
    last = step;
  }

  /** What the last call has done. */
  List<String> steps() throws IOException {
    return Files.readAllLines(log);
  }

  @Override
  public String run(String guest, Duration limit, String... arguments)
      throws IOException, InterruptedException {
    Files.writeString(log, "");
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", KeptScript.text(), "volumes", folder.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(false);
    builder.environment().put("PATH", programs + ":/usr/bin:/bin");
    builder.environment().putAll(Map.of("LOG", log.toString(), "LAST", Integer.toString(last)));
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(errors);
    }
    return said;
  }
}
