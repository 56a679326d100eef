package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The steps of which changes of volumes are made. Between any two of them Lodge may be killed; a
 * rename is the one that makes a change visible, and what it shows was made durable before.
 */
class DurableFiles {

  void createFile(Path file) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  void createFolder(Path folder) throws IOException {
    Files.createDirectory(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  void write(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardCharsets.UTF_8);
  }

  /** Longer or shorter; a hole takes no space. */
  void setLength(Path file, long sizeBytes) throws IOException {
    try (var image = new java.io.RandomAccessFile(file.toFile(), "rw")) {
      image.setLength(sizeBytes);
    }
  }

  void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /** Makes the names in a folder durable. */
  void syncFolder(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Over what is there, if it is a file. */
  void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** One more name for a file. */
  void link(Path file, Path name) throws IOException {
    Files.createLink(name, file);
  }

  void delete(Path file) throws IOException {
    Files.deleteIfExists(file);
  }

  /** A folder with folders of files, or a file. */
  final void deleteTree(Path tree) throws IOException {
    if (Files.isDirectory(tree)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(tree)) {
        for (Path entry : entries) {
          deleteTree(entry);
        }
      }
    }
    delete(tree);
  }
}
