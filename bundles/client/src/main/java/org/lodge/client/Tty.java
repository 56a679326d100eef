package org.lodge.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The terminal this process was started on. Its modes are set with {@code stty}, which works on the
 * inherited descriptor and needs no native code here.
 */
final class Tty {
  private String savedModes;

  static boolean isTty(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.startsWith("/dev/hvc")
          || target.equals("/dev/console");
    } catch (IOException e) {
      return false;
    }
  }

  /** Columns and rows; 80 by 24 where the terminal does not say. */
  static int[] size() {
    String said = stty("size");
    int space = said.indexOf(' ');
    try {
      int rows = Integer.parseInt(said.substring(0, Math.max(space, 0)));
      int columns = Integer.parseInt(said.substring(space + 1));
      if (rows > 0 && columns > 0) {
        return new int[] {columns, rows};
      }
    } catch (NumberFormatException e) {
      // A pipe or a terminal that keeps no size.
    }
    return new int[] {80, 24};
  }

  synchronized void raw() {
    if (savedModes == null) {
      savedModes = stty("-g");
      stty("raw", "-echo");
    }
  }

  /** Puts back what {@link #raw} found; does nothing the second time. */
  synchronized void restore() {
    if (savedModes != null && !savedModes.isEmpty()) {
      stty(savedModes);
    }
    savedModes = null;
  }

  private static String stty(String... arguments) {
    String[] command = new String[arguments.length + 3];
    command[0] = "stty";
    command[1] = "-F";
    command[2] = "/dev/tty";
    System.arraycopy(arguments, 0, command, 3, arguments.length);
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String said = new String(process.getInputStream().readAllBytes()).trim();
      return process.waitFor() == 0 ? said : "";
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
