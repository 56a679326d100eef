package org.lodge.images.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.lodge.images.internal.ImageDefinition.Variant;
import org.lodge.images.internal.PackageLock.Locked;

/**
 * The installed packages as one tar archive, made by mmdebstrap from a repository on disk that
 * holds the locked packages and no others: so the result depends on the lock alone.
 */
final class RootArchive {

  /** The time stamp of everything in an image, seconds since 1970. */
  static final String EPOCH_SECONDS = "1760000000";

  private static final List<String> NEVER_UNPACKED =
      List.of(
          "/usr/share/doc/*",
          "/usr/share/man/*",
          "/usr/share/info/*",
          "/usr/share/lintian/*",
          "/usr/share/locale/*",
          "/usr/share/bug/*",
          "/usr/share/gtk-doc/*");

  private RootArchive() {}

  /**
   * @param work an empty folder for this build
   * @param files package files by SHA-256
   */
  static void make(
      ImageDefinition definition,
      List<Locked> packages,
      Map<String, Path> files,
      Path work,
      Path archive,
      Consumer<String> heard)
      throws IOException {
    Path repository = Files.createDirectories(work.resolve("repository"));
    writeRepository(definition.suite(), packages, files, repository);
    boolean essential = definition.variant() == Variant.ESSENTIAL;
    List<String> command = new ArrayList<>();
    command.add("mmdebstrap");
    command.add("--format=tar");
    command.add("--variant=" + (essential ? "essential" : "extract"));
    command.add("--architectures=" + ImageDefinition.ARCHITECTURE);
    command.add("--include=" + String.join(",", PackageSource.rootPackages(definition)));
    command.add("--aptopt=APT::Install-Recommends \"false\"");
    command.add("--aptopt=Acquire::Languages \"none\"");
    command.add("--dpkgopt=force-unsafe-io");
    NEVER_UNPACKED.forEach(path -> command.add("--dpkgopt=path-exclude=" + path));
    command.add(definition.suite());
    command.add(archive.toString());
    command.add("deb [trusted=yes] copy:" + repository + " ./");
    Map<String, String> environment =
        Map.of("SOURCE_DATE_EPOCH", EPOCH_SECONDS, "TMPDIR", "/var/tmp");
    Commands.run(work, environment, command, heard, null);
    Folders.delete(repository);
  }

  /**
   * A flat repository, see "Debian repository format": an index, its Release file, the packages.
   */
  private static void writeRepository(
      String suite, List<Locked> packages, Map<String, Path> files, Path repository)
      throws IOException {
    StringBuilder index = new StringBuilder();
    for (Locked locked : packages) {
      Path file = files.get(locked.sha256());
      String link = locked.sha256() + ".deb";
      linkOrCopy(file, repository.resolve(link));
      index.append(control(file));
      index.append("Filename: ./").append(link).append('\n');
      index.append("Size: ").append(Files.size(file)).append('\n');
      index.append("SHA256: ").append(locked.sha256()).append("\n\n");
    }
    Files.writeString(repository.resolve("Packages"), index);
    Map<String, String> release = new LinkedHashMap<>();
    release.put("Suite", suite);
    release.put("Codename", suite);
    release.put("Architectures", ImageDefinition.ARCHITECTURE);
    release.put("Date", "Thu, 09 Oct 2025 08:53:20 UTC");
    Path packagesFile = repository.resolve("Packages");
    release.put(
        "SHA256", "\n " + Digests.of(packagesFile) + " " + Files.size(packagesFile) + " Packages");
    StringBuilder text = new StringBuilder();
    release.forEach((key, value) -> text.append(key).append(": ").append(value).append('\n'));
    Files.writeString(repository.resolve("Release"), text);
  }

  /** The control fields of a package; kept beside it, since dpkg-deb needs some 10 ms for each. */
  private static String control(Path packageFile) throws IOException {
    Path kept = packageFile.resolveSibling(packageFile.getFileName() + ".control");
    if (!Files.exists(kept)) {
      List<String> lines =
          Commands.lines(
              packageFile.getParent(),
              Map.of(),
              List.of("dpkg-deb", "--field", packageFile.toString()));
      Path written = Files.createTempFile(packageFile.getParent(), "control", "");
      Files.write(written, lines);
      Files.move(written, kept, StandardCopyOption.ATOMIC_MOVE);
    }
    return Files.readString(kept);
  }

  private static void linkOrCopy(Path file, Path link) throws IOException {
    try {
      Files.createLink(link, file);
    } catch (UnsupportedOperationException | java.nio.file.FileSystemException e) {
      Files.copy(file, link);
    }
  }
}
