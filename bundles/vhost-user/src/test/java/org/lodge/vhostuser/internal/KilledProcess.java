package org.lodge.vhostuser.internal;

import java.nio.file.Path;

/** The process that {@link RestoreTest} kills: serves an echoing device until its end. */
final class KilledProcess {
  private KilledProcess() {}

  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    Bench bench =
        new Bench(
            directory, StoreServer.inherit(directory.resolve("notify"), directory.resolve("next")));
    bench.deploy("1.0.0");
    bench.open();
    System.out.println("open");
    Thread.sleep(Long.MAX_VALUE);
  }

  static Process start(Path directory, StoreServer server) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                KilledProcess.class.getName(),
                directory.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    server.handOut();
    String line = process.inputReader().readLine();
    if (!"open".equals(line)) {
      throw new AssertionError("the process said " + line);
    }
    return process;
  }
}
