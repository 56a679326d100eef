package org.lodge.shell.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a process uses, as proc(5) says.
 *
 * @param cpuMillis user and system time since it started
 * @param residentBytes with the memory it shares
 */
public record ProcessUse(long cpuMillis, long residentBytes) {
  // proc(5) counts in clock ticks of the user interface, which Linux fixed at 100 a second.
  private static final long MILLIS_PER_TICK = 10;

  /** Empty once the process is gone. */
  public static Optional<ProcessUse> of(long pid) {
    Path process = Path.of("/proc", Long.toString(pid));
    try {
      String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
      String status = Files.readString(process.resolve("status"), StandardCharsets.ISO_8859_1);
      return Optional.of(parse(stat, status));
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  static ProcessUse parse(String stat, String status) {
    // The name in parentheses may hold anything, so fields are counted from its end.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    long ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    long residentBytes = 0;
    int at = status.indexOf("VmRSS:");
    if (at >= 0) {
      String value = status.substring(at + 6, status.indexOf(" kB", at)).trim();
      residentBytes = Long.parseLong(value) * 1024;
    }
    return new ProcessUse(ticks * MILLIS_PER_TICK, residentBytes);
  }
}
