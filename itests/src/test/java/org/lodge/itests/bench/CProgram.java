package org.lodge.itests.bench;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.lodge.itests.vsock.VsockKit;

/** Programs of one file in C, static, so that they run in any guest. */
final class CProgram {
  private CProgram() {}

  /**
   * @param resource the source
   * @return the program, beside its source, named as that without its ending
   */
  static Path build(String resource, Path folder) throws Exception {
    String name = resource.substring(resource.lastIndexOf('/') + 1);
    Path source = folder.resolve(name);
    try (InputStream in = CProgram.class.getResourceAsStream(resource)) {
      Files.write(source, in.readAllBytes());
    }
    Path program = folder.resolve(name.substring(0, name.lastIndexOf('.')));
    VsockKit.run(
        folder, List.of("musl-gcc", "-static", "-O2", "-o", program.toString(), source.toString()));
    return program;
  }
}
