package org.lodge.itests;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;

/** Classes of anybody's, made for what a test has to deploy. */
final class Compiled {
  private Compiled() {}

  /** The bytes of a class, compiled against all that the distribution has. */
  static byte[] of(Path folder, String name, String source) throws IOException {
    String file = name.replace('.', '/');
    Path java = folder.resolve(file + ".java");
    Files.createDirectories(java.getParent());
    Files.writeString(java, source);
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-cp", jars(), "-d", folder.toString(), java.toString());
    if (failed != 0) {
      throw new AssertionError(name + " does not compile");
    }
    return Files.readAllBytes(folder.resolve(file + ".class"));
  }

  private static String jars() throws IOException {
    try (var files = Files.walk(Distribution.home())) {
      return files
          .map(Path::toString)
          .filter(each -> each.endsWith(".jar"))
          .collect(Collectors.joining(File.pathSeparator));
    }
  }
}
