package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** What a QEMU says on its standard output and error. */
final class VmmLog {
  private static final int TAIL_BYTES = 16 * 1024;

  private VmmLog() {}

  /** The last lines, oldest first, fit for a terminal; nothing where the file can't be read. */
  static List<String> lastLines(Path log, int count) {
    byte[] tail;
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      long length = file.length();
      tail = new byte[(int) Math.min(length, TAIL_BYTES)];
      file.seek(length - tail.length);
      file.readFully(tail);
    } catch (IOException e) {
      return List.of();
    }
    List<String> lines =
        new String(tail, StandardCharsets.UTF_8)
            .lines()
            .filter(line -> !line.isBlank())
            .map(Text::printable)
            .toList();
    return lines.subList(Math.max(0, lines.size() - count), lines.size());
  }
}
