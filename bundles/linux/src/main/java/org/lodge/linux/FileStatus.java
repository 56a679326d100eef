package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.linux.internal.LibC;

/**
 * What {@code statx(2)} says of an open file.
 *
 * @param sizeBytes its length; 0 for devices, sockets and pipes
 * @param blockSizeBytes the file system's preferred unit; the page size of a hugetlb file
 * @param mode type and permission bits, as {@code st_mode}
 */
public record FileStatus(long sizeBytes, int blockSizeBytes, int mode) {
  private static final int TYPE_MASK = 0xf000;

  public boolean isRegularFile() {
    return (mode & TYPE_MASK) == 0x8000;
  }

  public boolean isSocket() {
    return (mode & TYPE_MASK) == 0xc000;
  }

  public boolean isBlockDevice() {
    return (mode & TYPE_MASK) == 0x6000;
  }

  public boolean isPipe() {
    return (mode & TYPE_MASK) == 0x1000;
  }

  static FileStatus of(int fd) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statx = arena.allocate(256, 8);
      if (LibC.statx(fd, "", LibC.AT_EMPTY_PATH, LibC.STATX_BASIC_STATS, statx.address()) != 0) {
        throw LibC.failure("statx " + fd);
      }
      return new FileStatus(
          statx.get(ValueLayout.JAVA_LONG, 40),
          statx.get(ValueLayout.JAVA_INT, 4),
          statx.get(ValueLayout.JAVA_SHORT, 28) & 0xffff);
    }
  }
}
