package org.lodge.images.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodge.images.internal.ImageDefinition.Variant;
import org.lodge.images.internal.PackageLock.Locked;
import org.lodge.images.internal.PackageLock.Use;

/**
 * Packages of one Debian release, asked of the machine's own sources through an apt that has its
 * own state and touches nothing of the machine's. Package files are kept under their SHA-256, so a
 * second build downloads nothing.
 */
final class PackageSource {

  private static final Pattern INSTALL = Pattern.compile("Inst (\\S+) \\((\\S+) .*");
  private static final Pattern KERNEL = Pattern.compile("linux-(image|binary|modules)-.*");
  private static final Pattern GONE =
      Pattern.compile(
          "E: (?:Version '[^']*' for '([^']+)' was not found"
              + "|Can't find a source to download version '[^']*' of '([^':]+)[^']*'"
              + "|Unable to locate package (\\S+))");

  private final Path apt;
  private final Path packageFiles;
  private final String suite;
  private final String sources;
  private boolean updated;

  /**
   * @param cache a folder that only saves time
   * @param sources a sources file in deb822 format, see sources.list(5)
   */
  PackageSource(Path cache, String suite, String sources) {
    this.apt = cache.resolve("apt").resolve(suite);
    this.packageFiles = cache.resolve("packages");
    this.suite = suite;
    this.sources = sources;
  }

  /** What a lock is made for. */
  static String request(ImageDefinition definition) {
    return Digests.of(
        String.join(
            "\n",
            definition.suite(),
            definition.variant().name(),
            String.join(" ", rootPackages(definition)),
            definition.kernel().packageName()));
  }

  /** Those that a definition lists, and those that every image has. */
  static List<String> rootPackages(ImageDefinition definition) {
    Set<String> packages = new LinkedHashSet<>(definition.packages());
    packages.add("busybox-static");
    return packages.stream().sorted().toList();
  }

  /** Asks the source for the newest version of everything a definition needs. */
  PackageLock resolve(ImageDefinition definition) throws IOException {
    update();
    List<String> root = new ArrayList<>(rootPackages(definition));
    if (definition.variant() == Variant.ESSENTIAL) {
      root.addFirst("?essential");
    }
    List<Locked> locked = new ArrayList<>(locked(Use.ROOT, simulate(root)));
    Map<String, String> kernel = simulate(List.of(definition.kernel().packageName()));
    kernel.keySet().removeIf(name -> !KERNEL.matcher(name).matches());
    locked.addAll(locked(Use.KERNEL, kernel));
    return new PackageLock(suite, request(definition), locked);
  }

  /**
   * Brings the package files of a lock into the cache.
   *
   * @return by SHA-256
   */
  Map<String, Path> fetch(String image, List<Locked> packages, Progress progress)
      throws IOException {
    Files.createDirectories(packageFiles);
    Map<String, Path> files = new LinkedHashMap<>();
    Map<String, Locked> missing = new LinkedHashMap<>();
    for (Locked locked : packages) {
      Path file = packageFiles.resolve(locked.sha256() + ".deb");
      files.put(locked.sha256(), file);
      if (!Files.exists(file)) {
        missing.put(locked.sha256(), locked);
      }
    }
    if (!missing.isEmpty()) {
      download(image, missing, progress);
    }
    return files;
  }

  /** Hears how many of the missing package files are there. */
  interface Progress {
    void downloaded(int done, int total);
  }

  private void download(String image, Map<String, Locked> missing, Progress progress)
      throws IOException {
    update();
    Path folder = Files.createTempDirectory(packageFiles, "download-");
    try {
      List<String> command = new ArrayList<>(List.of("apt-get", "-q", "download"));
      missing.values().forEach(locked -> command.add(locked.name() + "=" + locked.version()));
      int[] done = {0};
      try {
        Commands.run(
            folder,
            environment(),
            command,
            line -> {
              if (line.startsWith("Get:")) {
                progress.downloaded(Math.min(++done[0], missing.size()), missing.size());
              }
            },
            null);
      } catch (IOException e) {
        throw gone(image, missing, e);
      }
      try (DirectoryStream<Path> downloaded = Files.newDirectoryStream(folder, "*.deb")) {
        for (Path file : downloaded) {
          String sha256 = Digests.of(file);
          if (missing.remove(sha256) != null) {
            Files.move(
                file,
                packageFiles.resolve(sha256 + ".deb"),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
          }
        }
      }
      for (Locked locked : missing.values()) {
        throw new IOException(
            "the package source has "
                + locked.name()
                + " "
                + locked.version()
                + " with other content than the lock says ("
                + locked.sha256()
                + "). "
                + remedy(image));
      }
    } finally {
      Folders.delete(folder);
    }
  }

  private static IOException gone(String image, Map<String, Locked> missing, IOException cause) {
    Matcher matcher = GONE.matcher(String.valueOf(cause.getMessage()));
    if (!matcher.find()) {
      return cause;
    }
    String name = matcher.group(1);
    for (int group = 2; name == null; group++) {
      name = matcher.group(group);
    }
    String wanted = name;
    String version =
        missing.values().stream()
            .filter(locked -> wanted.equals(locked.name()))
            .map(Locked::version)
            .findFirst()
            .orElse("");
    return new IOException(
        "the package source no longer has " + name + " " + version + ". " + remedy(image), cause);
  }

  private static String remedy(String image) {
    return "Take today's packages: lodge image build --update-lock " + image;
  }

  private Map<String, String> simulate(List<String> packages) throws IOException {
    List<String> command = new ArrayList<>(List.of("apt-get", "-q", "-s", "install"));
    command.addAll(packages);
    Map<String, String> versions = new LinkedHashMap<>();
    for (String line : Commands.lines(apt, environment(), command)) {
      Matcher matcher = INSTALL.matcher(line);
      if (matcher.matches()) {
        versions.put(matcher.group(1), matcher.group(2));
      }
    }
    return versions;
  }

  /** The hash of each package as the signed index has it. */
  private List<Locked> locked(Use use, Map<String, String> versions) throws IOException {
    List<String> command = new ArrayList<>(List.of("apt-cache", "show"));
    versions.forEach((name, version) -> command.add(name + "=" + version));
    Map<String, String> hashes = new HashMap<>();
    String name = "";
    String version = "";
    for (String line : Commands.lines(apt, environment(), command)) {
      if (line.startsWith("Package: ")) {
        name = line.substring("Package: ".length());
      } else if (line.startsWith("Version: ")) {
        version = line.substring("Version: ".length());
      } else if (line.startsWith("SHA256: ")) {
        hashes.put(name + "=" + version, line.substring("SHA256: ".length()));
      }
    }
    List<Locked> locked = new ArrayList<>();
    for (Map.Entry<String, String> entry : versions.entrySet()) {
      String hash = hashes.get(entry.getKey() + "=" + entry.getValue());
      if (hash == null) {
        throw new IOException("apt knows no SHA-256 of " + entry.getKey() + " " + entry.getValue());
      }
      locked.add(new Locked(use, entry.getKey(), entry.getValue(), hash));
    }
    return locked;
  }

  private void update() throws IOException {
    if (updated) {
      return;
    }
    Files.createDirectories(apt.resolve("lists/partial"));
    Files.createDirectories(apt.resolve("archives/partial"));
    Files.writeString(apt.resolve("status"), "");
    Files.writeString(apt.resolve("lodge.sources"), sources);
    Files.writeString(apt.resolve("apt.conf"), configuration());
    Commands.lines(apt, environment(), List.of("apt-get", "-q", "update", "--error-on=any"));
    updated = true;
  }

  private Map<String, String> environment() {
    return Map.of("APT_CONFIG", apt.resolve("apt.conf").toString());
  }

  /** See apt.conf(5). How the machine reaches its sources (proxies, checks of dates) is kept. */
  private String configuration() throws IOException {
    StringBuilder text = new StringBuilder();
    for (String line : Commands.lines(apt, Map.of(), List.of("apt-config", "dump"))) {
      if (line.matches("Acquire::(http|https|Check-|Retries).*")) {
        text.append(line).append('\n');
      }
    }
    String settings =
        """
        APT::Architecture "%2$s";
        APT::Architectures { "%2$s"; };
        APT::Install-Recommends "false";
        APT::Sandbox::User "";
        Acquire::Languages "none";
        Dir::State "%1$s";
        Dir::State::lists "%1$s/lists";
        Dir::State::status "%1$s/status";
        Dir::Cache "%1$s";
        Dir::Cache::archives "%1$s/archives";
        Dir::Etc::main "/dev/null";
        Dir::Etc::parts "/dev/null";
        Dir::Etc::preferences "/dev/null";
        Dir::Etc::preferencesparts "/dev/null";
        Dir::Etc::sourcelist "%1$s/lodge.sources";
        Dir::Etc::sourceparts "/dev/null";
        """;
    return text.append(settings.formatted(apt, ImageDefinition.ARCHITECTURE)).toString();
  }
}
