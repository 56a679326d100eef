package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * The users that QEMU processes run as: where Lodge is root, each guest has a number of its own
 * from a range that no account uses, so one guest's QEMU can't reach another's files; otherwise all
 * run as Lodge's user.
 */
final class GuestUsers {
  static final long PREFERRED_FIRST = 1_900_000_000L;
  static final int COUNT = 65_536;
  private static final int COUNT_IN_SMALL_NAMESPACE = 1_000;

  private final long own;
  private final long first;
  private final int count;

  private GuestUsers(long own, long first, int count) {
    this.own = own;
    this.first = first;
    this.count = count;
  }

  static GuestUsers ofThisProcess() throws IOException {
    long own = uid(Path.of("/proc/self"));
    return of(own, Files.readString(Path.of("/proc/self/uid_map")));
  }

  /** A user namespace may map fewer users than there are; then the last ones that it maps. */
  static GuestUsers of(long own, String uidMap) {
    long highestEnd = 0;
    for (String line : uidMap.strip().split("\n")) {
      String[] fields = line.strip().split("\\s+");
      long insideFirst = Long.parseLong(fields[0]);
      long insideEnd = insideFirst + Long.parseLong(fields[2]);
      if (insideFirst <= PREFERRED_FIRST && insideEnd >= PREFERRED_FIRST + COUNT) {
        return new GuestUsers(own, PREFERRED_FIRST, COUNT);
      }
      highestEnd = Math.max(highestEnd, insideEnd);
    }
    return new GuestUsers(
        own,
        Math.max(1, highestEnd - COUNT_IN_SMALL_NAMESPACE),
        (int) Math.min(highestEnd, COUNT_IN_SMALL_NAMESPACE));
  }

  /** Whether QEMU runs as another user than Lodge. */
  boolean switched() {
    return own == 0;
  }

  long own() {
    return own;
  }

  /** A user for what belongs to no guest. */
  long spare() {
    return switched() ? first + count - 1 : own;
  }

  /**
   * The guest's user: the one its run directory was last given, or the lowest that no sibling has.
   *
   * @param siblings the directory that holds all run directories
   */
  long choose(Path siblings, Path runDirectory) throws IOException {
    if (!switched()) {
      return own;
    }
    Set<Long> taken = new HashSet<>();
    try (DirectoryStream<Path> directories = Files.newDirectoryStream(siblings)) {
      for (Path directory : directories) {
        long group = group(directory);
        if (directory.equals(runDirectory) && inRange(group)) {
          return group;
        }
        taken.add(group);
      }
    }
    for (long candidate = first; candidate < first + count - 1; candidate++) {
      if (!taken.contains(candidate)) {
        return candidate;
      }
    }
    throw new IOException("all " + (count - 1) + " users for guests are taken in " + siblings);
  }

  private boolean inRange(long id) {
    return id >= first && id < first + count - 1;
  }

  static long uid(Path file) throws IOException {
    return ((Integer) Files.getAttribute(file, "unix:uid")) & 0xffff_ffffL;
  }

  /** -1 where the file is gone. */
  private static long group(Path file) throws IOException {
    try {
      return ((Integer) Files.getAttribute(file, "unix:gid", LinkOption.NOFOLLOW_LINKS))
          & 0xffff_ffffL;
    } catch (NoSuchFileException e) {
      return -1;
    }
  }
}
