package org.lodge.itests;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code ring-storm}: a hostile driver, to be run in a guest. */
final class RingStorm {
  private RingStorm() {}

  /**
   * Returns the program.
   *
   * @param folder for what is made
   */
  static Path build(Path folder) throws Exception {
    Path source = folder.resolve("ring-storm.c");
    Path program = folder.resolve("ring-storm");
    try (InputStream in = RingStorm.class.getResourceAsStream("/virtio/ring-storm.c")) {
      Files.write(source, in.readAllBytes());
    }
    Process compiler =
        new ProcessBuilder(
                "musl-gcc", "-static", "-O2", "-o", program.toString(), source.toString())
            .inheritIO()
            .start();
    if (compiler.waitFor() != 0) {
      throw new AssertionError("ring-storm.c could not be compiled");
    }
    return program;
  }
}
