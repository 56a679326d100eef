package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Processor time, as <em>proc_pid_stat(5)</em> counts it. */
public final class Processors {
  private static final double TICKS_PER_SECOND = 100;
  private static final int USER = 11;

  private Processors() {}

  /**
   * What a process has used; 0 where it has gone.
   *
   * @param withChildren whether to add what its children had used that have ended
   */
  public static double seconds(long pid, boolean withChildren) throws IOException {
    Path path = Path.of("/proc/" + pid + "/stat");
    String stat;
    try {
      stat = Files.readString(path);
    } catch (IOException e) {
      if (Files.exists(path)) {
        throw e;
      }
      return 0;
    }
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    long ticks = 0;
    for (int i = USER; i < USER + (withChildren ? 4 : 2); i++) {
      ticks += Long.parseLong(fields[i]);
    }
    return ticks / TICKS_PER_SECOND;
  }
}
