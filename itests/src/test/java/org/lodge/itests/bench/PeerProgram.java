package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.lodge.itests.vsock.VsockKit;

/**
 * Fetches a peer's program from a newer suite of this machine's own package source and unpacks it
 * into the cache, without installing it.
 */
final class PeerProgram {
  private static final String SUITE = "sid";
  private static final String KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

  private PeerProgram() {}

  /**
   * The words with which a program is run here.
   *
   * @param name of its package
   * @param path of the program in it
   * @param libraries packages with what it needs where this machine's own are too old
   */
  static List<String> command(String name, String path, String... libraries) throws Exception {
    Path folder = Files.createDirectories(cache().resolve("bench/" + name));
    Path program = folder.resolve(path);
    if (!Files.exists(program)) {
      unpack(folder, name);
    }
    if (starts(List.of(program.toString()))) {
      return List.of(program.toString());
    }
    Path beside = folder.resolve("usr/lib/x86_64-linux-gnu");
    Path loader = beside.resolve("ld-linux-x86-64.so.2");
    if (!Files.exists(loader)) {
      unpack(folder, libraries);
    }
    return List.of(loader.toString(), "--library-path", beside.toString(), program.toString());
  }

  private static Path cache() {
    String cache = System.getenv("LODGE_CACHE");
    if (cache != null) {
      return Path.of(cache);
    }
    return System.getProperty("user.name").equals("root")
        ? Path.of("/var/cache/lodge")
        : Path.of(System.getProperty("user.home"), ".cache/lodge");
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

  private static void unpack(Path folder, String... packages) throws Exception {
    Path apt = Files.createDirectories(folder.resolve("apt"));
    Files.createDirectories(apt.resolve("lists/partial"));
    Files.createDirectories(apt.resolve("cache/archives/partial"));
    Path sources = apt.resolve("sources.list");
    Files.writeString(
        sources, "deb [signed-by=%s] %s %s main\n".formatted(KEYRING, machinesSource(), SUITE));
    List<String> client =
        List.of(
            "apt-get",
            "-q",
            "-o",
            "Dir::Etc::sourcelist=" + sources,
            "-o",
            "Dir::Etc::sourceparts=/dev/null",
            "-o",
            "Dir::State::lists=" + apt.resolve("lists"),
            "-o",
            "Dir::Cache=" + apt.resolve("cache"),
            "-o",
            "Acquire::Languages=none");
    VsockKit.run(apt, with(client, "update"));
    VsockKit.run(apt, with(with(client, "download"), packages));
    try (Stream<Path> files = Files.list(apt)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".deb")).toList()) {
        VsockKit.run(folder, List.of("dpkg-deb", "-x", file.toString(), folder.toString()));
        Files.delete(file);
      }
    }
  }

  private static List<String> with(List<String> command, String... more) {
    List<String> all = new ArrayList<>(command);
    all.addAll(Arrays.asList(more));
    return all;
  }

  /** Where this machine gets Debian's packages from. */
  private static String machinesSource() throws Exception {
    Process process =
        new ProcessBuilder(
                "apt-get",
                "indextargets",
                "--format",
                "$(REPO_URI)",
                "Created-By: Packages",
                "Origin: Debian",
                "Label: Debian",
                "Component: main")
            .start();
    return process
        .inputReader()
        .lines()
        .findFirst()
        .orElseThrow(
            () -> new IOException("this machine has no package source of Debian to take it from"));
  }
}
