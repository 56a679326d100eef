package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A folder of the host as a tar stream: files, folders and links, owned by root. */
final class Packing extends SimpleFileVisitor<Path> {
  private static final int BUFFER_BYTES = 64 << 10;

  private final Path folder;
  private final TarArchiveOutputStream tar;
  private final Meter meter;
  private final byte[] buffer = new byte[BUFFER_BYTES];

  Packing(Path folder, TarArchiveOutputStream tar, Meter meter) {
    this.folder = folder;
    this.tar = tar;
    this.meter = meter;
  }

  static void pack(Path folder, OutputStream out, Meter meter) throws IOException {
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
      Files.walkFileTree(folder, new Packing(folder, tar, meter));
    }
  }

  @Override
  public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes)
      throws IOException {
    put(entry(visited, name(visited) + "/", attributes));
    tar.closeArchiveEntry();
    return FileVisitResult.CONTINUE;
  }

  @Override
  public FileVisitResult visitFile(Path visited, BasicFileAttributes attributes)
      throws IOException {
    if (attributes.isSymbolicLink()) {
      TarArchiveEntry link = new TarArchiveEntry(name(visited), TarConstants.LF_SYMLINK);
      link.setLinkName(Files.readSymbolicLink(visited).toString());
      put(link);
      tar.closeArchiveEntry();
    } else if (attributes.isRegularFile()) {
      file(visited, attributes);
    } else {
      meter.skip();
    }
    return FileVisitResult.CONTINUE;
  }

  private void file(Path visited, BasicFileAttributes attributes) throws IOException {
    // A link may have come in its place, where others may write to the folder.
    try (InputStream content = Files.newInputStream(visited, LinkOption.NOFOLLOW_LINKS)) {
      TarArchiveEntry entry = entry(visited, name(visited), attributes);
      entry.setSize(attributes.size());
      meter.file(name(visited), attributes.size());
      put(entry);
      long left = attributes.size();
      while (left > 0) {
        int count = content.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (count < 0) {
          throw new IOException(visited + " has become shorter while it was copied");
        }
        tar.write(buffer, 0, count);
        meter.add(count);
        left -= count;
      }
      tar.closeArchiveEntry();
    }
  }

  private TarArchiveEntry entry(Path visited, String name, BasicFileAttributes attributes)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setMode(Modes.of(visited));
    entry.setModTime(attributes.lastModifiedTime());
    return entry;
  }

  private void put(TarArchiveEntry entry) throws IOException {
    entry.setIds(0, 0);
    tar.putArchiveEntry(entry);
  }

  private String name(Path visited) {
    return "./" + folder.relativize(visited);
  }
}
