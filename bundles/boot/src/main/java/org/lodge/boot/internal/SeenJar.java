package org.lodge.boot.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;

/** A jar in the deploy folder as it was found at several looks, one after the other. */
final class SeenJar {
  private final Path jar;
  private final FileTime changed;
  private final long sizeBytes;
  private int looks = 1;
  private JarContents contents;

  private SeenJar(Path jar, FileTime changed, long sizeBytes) {
    this.jar = jar;
    this.changed = changed;
    this.sizeBytes = sizeBytes;
  }

  /**
   * @param before as it was at the last look; null where it was not there
   */
  static SeenJar look(Path jar, SeenJar before) throws IOException {
    BasicFileAttributes now = Files.readAttributes(jar, BasicFileAttributes.class);
    if (before != null
        && before.sizeBytes == now.size()
        && before.changed.equals(now.lastModifiedTime())) {
      before.looks++;
      return before;
    }
    return new SeenJar(jar, now.lastModifiedTime(), now.size());
  }

  /** How often it was found like this. */
  int looks() {
    return looks;
  }

  /** Read once for as long as it stays like this. */
  JarContents contents() {
    if (contents == null) {
      contents = JarContents.of(jar);
    }
    return contents;
  }

  Path jar() {
    return jar;
  }
}
