package org.lodge.images.internal;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.lodge.images.ImageStatus.Origin;

/**
 * Images on disk: {@code NAME/DIGEST/{kernel,initrd,root,image.json,packages.lock}}, where a
 * symbolic link {@code NAME/current} says which is in force. What is written is complete or not
 * there; the image before the current one stays, for guests that still run from it.
 */
final class ImageStore {

  static final String KERNEL = "kernel";
  static final String INITRD = "initrd";
  static final String ROOT = "root";
  static final String LOCK = "packages.lock";
  private static final String ABOUT = "image.json";
  private static final String CURRENT = "current";
  private static final int DIGEST_CHARACTERS = 16;

  /**
   * An image that is there.
   *
   * @param key digest of all it was made from; empty for an import
   */
  record Stored(
      String name,
      Path folder,
      Origin origin,
      String key,
      String digest,
      Instant builtAt,
      List<String> kernelArguments,
      List<String> tcgKernelArguments) {

    Optional<Path> root() {
      return Optional.of(folder.resolve(ROOT)).filter(Files::exists);
    }

    long sizeBytes() throws IOException {
      long size = Files.size(folder.resolve(KERNEL)) + Files.size(folder.resolve(INITRD));
      return size + (root().isPresent() ? Files.size(root().get()) : 0);
    }
  }

  private final Path folder;

  ImageStore(Path folder) {
    this.folder = folder;
  }

  Path lockFile(String name) {
    return folder.resolve("." + name + ".lock");
  }

  List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> folders = Files.newDirectoryStream(folder)) {
        for (Path image : folders) {
          if (Files.exists(image.resolve(CURRENT))) {
            names.add(image.getFileName().toString());
          }
        }
      }
    }
    names.sort(null);
    return names;
  }

  Optional<Stored> current(String name) throws IOException {
    Path current = folder.resolve(name).resolve(CURRENT);
    if (!Files.exists(current.resolve(ABOUT))) {
      return Optional.empty();
    }
    Path real = current.toRealPath();
    try (var reader = Json.createReader(new StringReader(Files.readString(real.resolve(ABOUT))))) {
      JsonObject about = reader.readObject();
      return Optional.of(
          new Stored(
              name,
              real,
              Origin.valueOf(about.getString("origin")),
              about.getString("key"),
              about.getString("digest"),
              Instant.parse(about.getString("builtAt")),
              strings(about, "kernelArguments"),
              strings(about, "tcgKernelArguments")));
    } catch (JsonException | IllegalArgumentException | NullPointerException e) {
      throw new IOException(real.resolve(ABOUT) + " is damaged; build the image again", e);
    }
  }

  /** A place for a build, on the same file system; what killed builds left is removed. */
  Path newWork(String name) throws IOException {
    Files.createDirectories(folder);
    try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, ".work-" + name + "-*")) {
      for (Path work : left) {
        Folders.delete(work);
      }
    }
    Path work = Files.createTempDirectory(folder, ".work-" + name + "-");
    Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("rwxr-xr-x"));
    return work;
  }

  /**
   * Puts a finished image in force.
   *
   * @param files holds kernel, initrd and, if there is one, root; moved away
   */
  Stored publish(
      String name, Path files, Origin origin, String key, List<String> all, List<String> tcg)
      throws IOException {
    StringBuilder parts = new StringBuilder();
    for (String part : List.of(KERNEL, INITRD, ROOT)) {
      if (Files.exists(files.resolve(part))) {
        parts.append(part).append(' ').append(Digests.of(files.resolve(part))).append('\n');
      }
    }
    parts.append(String.join(" ", all)).append('\n').append(String.join(" ", tcg));
    String digest = Digests.of(parts.toString());
    Instant now = Instant.now();
    String about =
        Json.createObjectBuilder()
            .add("origin", origin.name())
            .add("key", key)
            .add("digest", digest)
            .add("builtAt", now.toString())
            .add("kernelArguments", array(all))
            .add("tcgKernelArguments", array(tcg))
            .build()
            .toString();
    Path home = Files.createDirectories(folder.resolve(name));
    Path target = home.resolve(digest.substring(0, DIGEST_CHARACTERS));
    Files.writeString(files.resolve(ABOUT), about);
    makeReadable(files);
    if (Files.exists(target.resolve(ABOUT))) {
      for (String changing : List.of(LOCK, ABOUT)) {
        if (Files.exists(files.resolve(changing))) {
          replace(files.resolve(changing), target.resolve(changing));
        }
      }
    } else {
      Folders.delete(target);
      Files.move(files, target, StandardCopyOption.ATOMIC_MOVE);
    }
    Path former = Files.exists(home.resolve(CURRENT)) ? home.resolve(CURRENT).toRealPath() : target;
    Path link = home.resolve("." + CURRENT);
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, target.getFileName());
    replace(link, home.resolve(CURRENT));
    makeReadable(folder, home);
    removeAllBut(home, target, former);
    return new Stored(name, target, origin, key, digest, now, all, tcg);
  }

  private static void removeAllBut(Path home, Path target, Path former) throws IOException {
    try (DirectoryStream<Path> images = Files.newDirectoryStream(home)) {
      for (Path image : images) {
        if (Files.isDirectory(image, LinkOption.NOFOLLOW_LINKS)
            && !image.getFileName().equals(target.getFileName())
            && !image.getFileName().equals(former.getFileName())) {
          Folders.delete(image);
        }
      }
    }
  }

  /** Guests run as users of their own, who must be able to read. */
  private static void makeReadable(Path folder) throws IOException {
    makeReadable(new Path[] {folder});
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
      }
    }
  }

  private static void makeReadable(Path... folders) throws IOException {
    for (Path folder : folders) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private static void replace(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static JsonArrayBuilder array(List<String> values) {
    JsonArrayBuilder array = Json.createArrayBuilder();
    values.forEach(array::add);
    return array;
  }

  private static List<String> strings(JsonObject json, String key) {
    return json.getJsonArray(key).getValuesAs(JsonString.class).stream()
        .map(JsonString::getString)
        .toList();
  }
}
