package org.lodge.images.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A Debian kernel package, unpacked: its kernel as an ELF file, and its modules. */
final class KernelPackage {

  private final Path folder;
  private final Path moduleFolder;
  private final KernelModules modules;

  private KernelPackage(Path folder, Path moduleFolder, KernelModules modules) {
    this.folder = folder;
    this.moduleFolder = moduleFolder;
    this.modules = modules;
  }

  /**
   * @param folder where to unpack; made by this
   */
  static KernelPackage unpack(Collection<Path> packageFiles, Path folder) throws IOException {
    Files.createDirectories(folder);
    for (Path file : packageFiles) {
      List<String> command = List.of("dpkg-deb", "--extract", file.toString(), folder.toString());
      Commands.lines(folder, Map.of(), command);
    }
    for (String place : List.of("usr/lib/modules", "lib/modules")) {
      Path modules = folder.resolve(place);
      if (Files.isDirectory(modules)) {
        Path versioned = only(modules, "");
        depmod(versioned);
        return new KernelPackage(folder, versioned, KernelModules.read(versioned));
      }
    }
    throw new IOException("the kernel package has no modules");
  }

  String version() {
    return moduleFolder.getFileName().toString();
  }

  /** Writes the kernel that is compressed in the package's bzImage. */
  void extractKernel(Path target) throws IOException {
    KernelImage.extract(only(folder.resolve("boot"), "vmlinuz-"), target);
  }

  /** Paths of these modules and all they need, in the order to load them. */
  List<String> loadOrder(List<String> names) throws IOException {
    return modules.loadOrder(names);
  }

  /**
   * Copies modules, uncompressed and slim.
   *
   * @param target receives a folder named after the kernel's version, as modprobe(8) wants it
   * @return that folder
   */
  Path copyModules(Collection<String> paths, Path target) throws IOException {
    Path versioned = target.resolve("lib/modules").resolve(version());
    Files.createDirectories(versioned);
    List<String> xz = new ArrayList<>(List.of("xz", "-d"));
    List<String> zstd = new ArrayList<>(List.of("zstd", "-q", "-d", "--rm"));
    for (String path : paths) {
      Path copy = versioned.resolve(path);
      Files.createDirectories(copy.getParent());
      Files.copy(moduleFolder.resolve(path), copy);
      if (path.endsWith(".xz")) {
        xz.add(copy.toString());
      } else if (path.endsWith(".zst")) {
        zstd.add(copy.toString());
      }
    }
    if (xz.size() > 2) {
      Commands.lines(versioned, Map.of(), xz);
    }
    if (zstd.size() > 4) {
      Commands.lines(versioned, Map.of(), zstd);
    }
    for (String path : paths) {
      Path copy = versioned.resolve(uncompressed(path));
      Files.write(copy, ModuleFile.slim(Files.readAllBytes(copy)));
    }
    for (String list : List.of("modules.order", "modules.builtin", "modules.builtin.modinfo")) {
      if (Files.exists(moduleFolder.resolve(list))) {
        Files.copy(moduleFolder.resolve(list), versioned.resolve(list));
      }
    }
    depmod(versioned);
    return versioned;
  }

  static String uncompressed(String path) {
    return path.replaceFirst("\\.ko\\.(xz|zst)$", ".ko");
  }

  private static void depmod(Path versioned) throws IOException {
    Path base = versioned.getParent().getParent().getParent();
    List<String> command =
        List.of("depmod", "-b", base.toString(), versioned.getFileName().toString());
    Commands.lines(base, Map.of(), command);
  }

  private static Path only(Path folder, String prefix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> found =
          files.filter(file -> file.getFileName().toString().startsWith(prefix)).toList();
      if (found.size() != 1) {
        throw new IOException(
            "the kernel package has "
                + found.size()
                + " of "
                + folder.getFileName()
                + "/"
                + prefix
                + "*");
      }
      return found.getFirst();
    }
  }
}
