package org.lodge.client;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is said where no Lodge runs. */
final class NotRunning {
  private static final int EXIT = 3;

  private final Path run;
  private final Path proc;

  /**
   * @param run the folder of {@code admin.sock}
   * @param proc {@code /proc}, or what a test takes for it
   */
  NotRunning(Path run, Path proc) {
    this.run = run;
    this.proc = proc;
  }

  /**
   * Of {@code down} it is no failure: what was asked for is so, unless guests were left running.
   *
   * @return the exit code
   */
  int say(String[] arguments, int first, PrintStream out, PrintStream err) {
    boolean json = asksForJson(arguments, first);
    if (first < arguments.length && arguments[first].equals("down")) {
      String guests = guests();
      if (!guests.isEmpty()) {
        String and = "stop them with: lodge up --detach && lodge down";
        return fail("Lodge is not running, but its guests are: " + guests, and, json, err);
      }
      out.println(json ? "{\"kept\":false}" : "Lodge is not running; there is nothing to end");
      return 0;
    }
    return fail(
        "Lodge is not running; start it with: lodge up",
        "nothing answers at " + run.resolve("admin.sock"),
        json,
        err);
  }

  /** In the form of all other errors where JSON is asked for. */
  private static int fail(String message, String line, boolean json, PrintStream err) {
    if (json) {
      StringBuilder text = new StringBuilder("{\"error\":{\"message\":");
      Main.quote(text, message);
      text.append(",\"exitCode\":").append(EXIT).append(",\"lines\":[");
      Main.quote(text, line);
      err.println(text.append("]}}"));
    } else {
      err.println(message + "\n(" + line + ")");
    }
    return EXIT;
  }

  private static boolean asksForJson(String[] arguments, int first) {
    for (int i = first; i < arguments.length && !arguments[i].equals("--"); i++) {
      if (arguments[i].equals("--json")) {
        return true;
      }
    }
    return false;
  }

  /** Those that `down --keep`, or a Lodge that died, has left running. */
  private String guests() {
    StringBuilder names = new StringBuilder();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(run.resolve("vm"))) {
      for (Path folder : folders) {
        if (lives(folder.resolve("vmm.json"))) {
          names.append(names.isEmpty() ? "" : ", ").append(folder.getFileName());
        }
      }
    } catch (IOException e) {
      return "";
    }
    return names.toString();
  }

  private boolean lives(Path record) {
    try {
      String json = Files.readString(record);
      String stat = Files.readString(proc.resolve(value(json, "pid")).resolve("stat"));
      // The program's name, in brackets, may have blanks; the start is the twentieth word after it.
      String[] words = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return words.length > 19 && words[19].equals(value(json, "startTicks"));
    } catch (IOException | IndexOutOfBoundsException e) {
      return false;
    }
  }

  private static String value(String json, String key) throws IOException {
    String before = "\"" + key + "\":\"";
    int at = json.indexOf(before);
    int end = at < 0 ? -1 : json.indexOf('"', at + before.length());
    if (end < 0) {
      throw new IOException("no " + key);
    }
    return json.substring(at + before.length(), end);
  }
}
