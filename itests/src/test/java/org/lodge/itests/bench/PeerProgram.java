package org.lodge.itests.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Fetches a peer's program from a newer suite of this machine's own package source and unpacks it
 * into the cache, without installing it.
 */
final class PeerProgram {
  private static final String SUITE = "sid";

  private PeerProgram() {}

  /**
   * The words with which a program is run here.
   *
   * @param name of its package
   * @param path of the program in it
   * @param libraries packages with what it needs where this machine's own are too old
   */
  static List<String> command(String name, String path, String... libraries) throws Exception {
    Path folder = Files.createDirectories(Apt.cache().resolve("bench/" + name));
    Path program = folder.resolve(path);
    if (!Files.exists(program)) {
      new Apt(folder, SUITE).packages(name);
    }
    if (starts(List.of(program.toString()))) {
      return List.of(program.toString());
    }
    Path beside = folder.resolve("usr/lib/x86_64-linux-gnu");
    Path loader = beside.resolve("ld-linux-x86-64.so.2");
    if (!Files.exists(loader)) {
      new Apt(folder, SUITE).packages(libraries);
    }
    return List.of(loader.toString(), "--library-path", beside.toString(), program.toString());
  }

  private static boolean starts(List<String> program) throws Exception {
    List<String> command = new ArrayList<>(program);
    command.add("--version");
    return new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor()
        == 0;
  }
}
