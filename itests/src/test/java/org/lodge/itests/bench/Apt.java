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
 * This machine's own package source, asked for another suite of Debian: what it gives is unpacked
 * into a folder and not installed.
 */
public final class Apt {
  private static final String KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

  private final Path apt;
  private final Path folder;
  private final List<String> client;

  /**
   * @param folder for what is unpacked, and for lists meanwhile
   */
  public Apt(Path folder, String suite) throws Exception {
    this.folder = folder;
    apt = Files.createDirectories(folder.resolve("apt"));
    Files.createDirectories(apt.resolve("lists/partial"));
    Files.createDirectories(apt.resolve("cache/archives/partial"));
    Path sources = apt.resolve("sources.list");
    String where = "[signed-by=%s] %s %s main\n".formatted(KEYRING, machinesSource(), suite);
    Files.writeString(sources, "deb " + where + "deb-src " + where);
    client =
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
    VsockKit.run(apt, with("update"));
  }

  /** Where what is fetched once is kept. */
  public static Path cache() {
    String cache = System.getenv("LODGE_CACHE");
    if (cache != null) {
      return Path.of(cache);
    }
    return System.getProperty("user.name").equals("root")
        ? Path.of("/var/cache/lodge")
        : Path.of(System.getProperty("user.home"), ".cache/lodge");
  }

  /** Unpacks packages as dpkg would lay them out. */
  public void packages(String... names) throws Exception {
    VsockKit.run(apt, with(with("download"), names));
    for (Path file : fetched(".deb")) {
      VsockKit.run(folder, List.of("dpkg-deb", "-x", file.toString(), folder.toString()));
      Files.delete(file);
    }
  }

  /** Unpacks what the authors of a package have published, each into a folder of its own. */
  public void sources(String... names) throws Exception {
    VsockKit.run(apt, with(with("source", "--download-only", "--tar-only"), names));
    for (Path file : fetched("")) {
      if (file.getFileName().toString().matches(".*\\.orig\\.tar\\.(gz|xz|bz2)")) {
        VsockKit.run(folder, List.of("tar", "-xf", file.toString(), "-C", folder.toString()));
        Files.delete(file);
      }
    }
  }

  private List<Path> fetched(String end) throws IOException {
    try (Stream<Path> files = Files.list(apt)) {
      return files.filter(each -> each.toString().endsWith(end)).toList();
    }
  }

  private List<String> with(String... more) {
    return with(client, more);
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
