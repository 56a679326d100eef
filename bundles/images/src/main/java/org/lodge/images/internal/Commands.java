package org.lodge.images.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Runs the machine's tools; an error carries the last lines that the tool said. */
final class Commands {

  private static final int LAST_LINES = 12;
  private static final long STOP_SECONDS = 20;
  private static final String PATH = System.getenv("PATH") + ":/usr/sbin:/sbin";

  /** A program that a build needs and the Debian package that has it. */
  private record Need(String program, String debianPackage) {}

  private static final List<Need> NEEDS =
      List.of(
          new Need("apt-get", "apt"),
          new Need("dpkg-deb", "dpkg"),
          new Need("mmdebstrap", "mmdebstrap"),
          new Need("sqfstar", "squashfs-tools"),
          new Need("depmod", "kmod"),
          new Need("zstd", "zstd"),
          new Need("xz", "xz-utils"));

  /** Writes a tool's standard input. */
  interface Feed {
    void to(OutputStream out) throws IOException;
  }

  private Commands() {}

  /** Debian packages to install before a build can start. */
  static List<String> missingPackages() {
    List<String> missing = new ArrayList<>();
    for (Need need : NEEDS) {
      boolean found = false;
      for (String folder : PATH.split(":")) {
        found |= Files.isExecutable(Path.of(folder, need.program()));
      }
      if (!found) {
        missing.add(need.debianPackage());
      }
    }
    return missing;
  }

  /** Runs a tool to its end and returns the lines of its standard output and error. */
  static List<String> lines(Path folder, Map<String, String> environment, List<String> command)
      throws IOException {
    List<String> lines = new ArrayList<>();
    run(folder, environment, command, lines::add, null);
    return lines;
  }

  /**
   * Runs a tool to its end. An interrupt ends the tool, and its children by its own means.
   *
   * @param heard each line of standard output and error
   * @param feed its standard input; null for none
   */
  static void run(
      Path folder,
      Map<String, String> environment,
      List<String> command,
      Consumer<String> heard,
      Feed feed)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().put("PATH", PATH);
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().putAll(environment);
    Process process = builder.start();
    Deque<String> last = new ArrayDeque<>();
    Thread reader = Thread.ofVirtual().start(() -> readLines(process, last, heard));
    try {
      IOException brokenFeed = null;
      try (OutputStream out = process.getOutputStream()) {
        if (feed != null) {
          feed.to(out);
        }
      } catch (IOException e) {
        brokenFeed = e;
      }
      int status = process.waitFor();
      reader.join();
      if (status != 0 || brokenFeed != null) {
        throw new IOException(
            command.getFirst()
                + " ended with status "
                + status
                + ":\n  "
                + String.join("\n  ", last),
            brokenFeed);
      }
    } catch (InterruptedException e) {
      stop(process);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(command.getFirst() + " was interrupted");
    }
  }

  private static void readLines(Process process, Deque<String> last, Consumer<String> heard) {
    try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        last.addLast(line);
        if (last.size() > LAST_LINES) {
          last.removeFirst();
        }
        heard.accept(line);
      }
    } catch (IOException e) {
      last.addLast("(its output could not be read: " + e + ")");
    }
  }

  private static void stop(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
    }
  }
}
