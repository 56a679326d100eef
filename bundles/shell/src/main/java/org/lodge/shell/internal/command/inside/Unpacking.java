package org.lodge.shell.internal.command.inside;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * A tar stream that a guest made, put into a folder of the host and nowhere else: no name leads out
 * of the folder, nothing is written through a link, and nothing but files, folders and links is
 * made.
 */
final class Unpacking {
  private static final int BUFFER_BYTES = 64 << 10;
  private static final int WRITABLE = 0700;
  private static final int MOST_HEADER_BYTES = 1 << 20;

  private final Path folder;
  private final Meter meter;
  private final byte[] buffer = new byte[BUFFER_BYTES];

  /** A folder that may not be written gets its mode when everything is in it. */
  private final SequencedMap<Path, Integer> modes = new LinkedHashMap<>();

  private boolean folderIsNew;

  Unpacking(Path folder, Meter meter) {
    this.folder = folder;
    this.meter = meter;
  }

  void unpack(InputStream untrusted) throws IOException {
    folderIsNew = !Files.exists(folder);
    Files.createDirectories(folder);
    Headers bounded = new Headers(untrusted);
    try (TarArchiveInputStream tar = new TarArchiveInputStream(bounded, "UTF-8")) {
      TarArchiveEntry entry;
      while ((entry = bounded.next(tar)) != null) {
        entry(tar, entry);
      }
      while (untrusted.read(buffer) >= 0) {
        // What tar pads its stream with.
      }
    } catch (IllegalArgumentException e) {
      throw new IOException("the guest's tar stream is malformed: " + e.getMessage(), e);
    }
    for (Map.Entry<Path, Integer> late : modes.sequencedEntrySet().reversed()) {
      Files.setPosixFilePermissions(late.getKey(), Modes.permissions(late.getValue()));
    }
  }

  /** The library keeps long names and the like in memory, however long they say they are. */
  private static final class Headers extends FilterInputStream {
    private int leftBytes;
    private boolean inHeader;

    Headers(InputStream untrusted) {
      super(untrusted);
    }

    TarArchiveEntry next(TarArchiveInputStream tar) throws IOException {
      leftBytes = MOST_HEADER_BYTES;
      inHeader = true;
      try {
        return tar.getNextEntry();
      } finally {
        inHeader = false;
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int count = super.read(bytes, offset, length);
      return counted(count);
    }

    @Override
    public long skip(long count) throws IOException {
      return counted((int) super.skip(Math.min(count, MOST_HEADER_BYTES)));
    }

    private int counted(int count) throws IOException {
      leftBytes -= inHeader ? Math.max(0, count) : 0;
      if (leftBytes < 0) {
        throw new IOException("the guest's tar stream has a header without end");
      }
      return count;
    }
  }

  private void entry(TarArchiveInputStream tar, TarArchiveEntry entry) throws IOException {
    Path place = checked(entry.getName());
    if (entry.isDirectory()) {
      makeFolder(place, entry.getMode());
    } else if (place.equals(folder)) {
      throw new IOException("the guest's tar stream replaces the folder itself");
    } else if (entry.isSymbolicLink()) {
      makeWay(place);
      Files.deleteIfExists(place);
      Files.createSymbolicLink(place, Path.of(entry.getLinkName()));
    } else if (entry.isLink()) {
      makeWay(place);
      link(place, checked(entry.getLinkName()));
    } else if (isPlain(entry)) {
      makeWay(place);
      meter.file(entry.getName(), entry.getSize());
      FileCopy.whole(
          place, entry.getMode() & Modes.PERMISSIONS, channel -> content(tar, entry, channel));
      Files.setLastModifiedTime(place, FileTime.from(entry.getLastModifiedTime().toInstant()));
    } else {
      meter.skip();
    }
  }

  /** The library calls devices files, too. */
  private static boolean isPlain(TarArchiveEntry entry) {
    return switch (entry.getLinkFlag()) {
      case TarConstants.LF_NORMAL, TarConstants.LF_OLDNORM, TarConstants.LF_CONTIG -> true;
      default -> false;
    };
  }

  /** The place that a name means, always within the folder. */
  private Path checked(String untrustedName) throws IOException {
    Path place = folder;
    for (String part : untrustedName.split("/")) {
      if (part.equals("..")) {
        throw new IOException("the guest's tar stream has a name with ..: " + untrustedName);
      }
      if (!part.isEmpty() && !part.equals(".")) {
        try {
          place = place.resolve(part);
        } catch (InvalidPathException e) {
          throw new IOException("the guest's tar stream has a name that can't be one", e);
        }
      }
    }
    return place;
  }

  /** Makes the folders that a file needs, and refuses to go through a link. */
  private void makeWay(Path place) throws IOException {
    Path way = folder;
    for (Path part : folder.relativize(place.getParent())) {
      if (part.toString().isEmpty()) {
        continue;
      }
      way = way.resolve(part);
      if (!Files.exists(way, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectory(way);
      }
      if (!Files.isDirectory(way, LinkOption.NOFOLLOW_LINKS)) {
        throw new IOException(way + " is not a folder; nothing is written through it");
      }
    }
    if (Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(place + " is a folder, and a file in the guest");
    }
  }

  private void makeFolder(Path place, int untrustedMode) throws IOException {
    int mode = untrustedMode & Modes.PERMISSIONS;
    if (place.equals(folder) ? !folderIsNew : Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    makeWay(place.resolve("x"));
    if ((mode & WRITABLE) == WRITABLE) {
      Files.setPosixFilePermissions(place, Modes.permissions(mode));
    } else {
      Files.setPosixFilePermissions(place, Modes.permissions(mode | WRITABLE));
      modes.put(place, mode);
    }
  }

  private void link(Path place, Path existing) throws IOException {
    makeWay(existing);
    if (!Files.isRegularFile(existing, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(place + " is a link to what is no file here: " + existing);
    }
    Files.deleteIfExists(place);
    Files.createLink(place, existing);
  }

  private void content(TarArchiveInputStream tar, TarArchiveEntry entry, FileChannel channel)
      throws IOException {
    long left = entry.getSize();
    while (left > 0) {
      int count = tar.read(buffer, 0, (int) Math.min(left, buffer.length));
      if (count < 0) {
        throw new IOException(entry.getName() + ": the guest's tar stream ended within it");
      }
      ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, count);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      meter.add(count);
      left -= count;
    }
  }
}
