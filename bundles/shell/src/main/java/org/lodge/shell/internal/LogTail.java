package org.lodge.shell.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Reads a log from near its end and on, across its rotation. For one thread. */
public final class LogTail {
  private static final int LONGEST_LINE_BYTES = 64 * 1024;
  private static final int TAIL_BYTES = 4 * 1024 * 1024;

  private final Path file;
  private Object fileKey;
  private long position;
  private ByteArrayOutputStream begun = new ByteArrayOutputStream();

  public LogTail(Path file) {
    this.file = file;
  }

  /** The last complete lines, at most so many, from the last 4 MiB. */
  public List<String> last(int count) throws IOException {
    position = Math.max(0, Files.exists(file) ? Files.size(file) - TAIL_BYTES : 0);
    fileKey = key();
    List<String> lines = new ArrayList<>();
    read(lines);
    return lines.subList(Math.max(0, lines.size() - count), lines.size());
  }

  /** What was added since, in complete lines. */
  public List<String> more() throws IOException {
    List<String> lines = new ArrayList<>();
    Object now = key();
    if (!Objects.equals(now, fileKey) || Files.exists(file) && Files.size(file) < position) {
      fileKey = now;
      position = 0;
      begun = new ByteArrayOutputStream();
    }
    read(lines);
    return lines;
  }

  private Object key() throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  private void read(List<String> lines) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate(LONGEST_LINE_BYTES);
      while (channel.read(buffer.clear(), position) > 0) {
        position += buffer.flip().remaining();
        while (buffer.hasRemaining()) {
          byte next = buffer.get();
          if (next == '\n' || begun.size() >= LONGEST_LINE_BYTES) {
            String line = begun.toString(StandardCharsets.UTF_8);
            lines.add(line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
            begun.reset();
          }
          if (next != '\n') {
            begun.write(next);
          }
        }
      }
    } catch (NoSuchFileException e) {
      // Between two files of a rotation, or not there yet.
    }
  }
}
