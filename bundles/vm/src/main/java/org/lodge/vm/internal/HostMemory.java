package org.lodge.vm.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What this host has, by {@code proc_meminfo(5)}. */
final class HostMemory {
  private HostMemory() {}

  /** Memory and swap; everything there is where the kernel does not say. */
  static long bytes() {
    try {
      return bytes(Files.readAllLines(Path.of("/proc/meminfo")));
    } catch (IOException e) {
      return Long.MAX_VALUE;
    }
  }

  static long bytes(List<String> lines) {
    long kibibytes = value(lines, "MemTotal:");
    return kibibytes == 0 ? Long.MAX_VALUE : (kibibytes + value(lines, "SwapTotal:")) << 10;
  }

  private static long value(List<String> lines, String key) {
    return lines.stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElse(0);
  }
}
