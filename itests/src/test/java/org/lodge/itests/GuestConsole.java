package org.lodge.itests;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A person at a guest's shell, through {@code lodge console}. */
final class GuestConsole implements AutoCloseable {
  private final Path seen;
  private final Process process;
  private final OutputStream keys;
  private int commands;

  GuestConsole(LodgeHost host, String guest) throws IOException {
    seen = Files.createTempFile(host.place, "console", "");
    process = host.begin(seen, Files.createTempFile(host.place, "err", ""), "console", guest);
    keys = process.getOutputStream();
  }

  /** Types a command and returns what the guest wrote until it was done. */
  String run(String command) throws Exception {
    int from = Files.readString(seen).length();
    String end = "at-end-" + process.pid() + "-" + commands++ + ".";
    // The quotes keep what the terminal echoes from looking like the end.
    type(command + "; echo at-''end-" + process.pid() + "-" + (commands - 1) + ".\n");
    LodgeHost.until("done: " + command, () -> Files.readString(seen).indexOf(end, from) >= 0);
    String text = Files.readString(seen).substring(from);
    return text.substring(0, text.indexOf(end));
  }

  void type(String text) throws IOException {
    keys.write(text.getBytes(StandardCharsets.UTF_8));
    keys.flush();
  }

  @Override
  public void close() {
    process.destroy();
  }
}
