package org.lodge.linux.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.linux.LinuxException;

/**
 * QEMU's way to lock an image: shared locks of the open file ({@code F_OFD_SETLK}, fcntl(2)) on one
 * byte for each permission that is used and one for each that others may not use; whoever comes
 * tests the opposite bytes.
 */
final class ImageLocks {
  private static final int F_OFD_GETLK = 36;
  private static final int F_OFD_SETLK = 37;
  private static final short F_RDLCK = 0;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;
  private static final int FLOCK_BYTES = 32;
  private static final int START = 8;
  private static final int LENGTH = 16;

  private static final int USED = 100;
  private static final int UNSHARED = 200;
  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int RESIZE = 3;
  private static final int[] READER = {READ};
  private static final int[] WRITER = {READ, WRITE, RESIZE};
  private static final int[] NEVER_SHARED = {WRITE, RESIZE};

  private ImageLocks() {}

  /**
   * Locks for as long as the open file lives.
   *
   * @return false where another process, or another open file of ours, uses it otherwise
   * @throws LinuxException where the file system has no locks
   */
  static boolean lock(int fd, boolean writing) throws LinuxException {
    int[] uses = writing ? WRITER : READER;
    for (int use : uses) {
      set(fd, USED + use);
    }
    for (int never : NEVER_SHARED) {
      set(fd, UNSHARED + never);
    }
    boolean free = true;
    for (int use : uses) {
      free &= isFree(fd, UNSHARED + use);
    }
    for (int never : NEVER_SHARED) {
      free &= isFree(fd, USED + never);
    }
    return free;
  }

  private static void set(int fd, int at) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      if (LibC.fcntl(fd, F_OFD_SETLK, flock(arena, F_RDLCK, at).address()) != 0) {
        throw LibC.failure("F_OFD_SETLK " + fd);
      }
    }
  }

  private static boolean isFree(int fd, int at) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment flock = flock(arena, F_WRLCK, at);
      if (LibC.fcntl(fd, F_OFD_GETLK, flock.address()) != 0) {
        throw LibC.failure("F_OFD_GETLK " + fd);
      }
      return flock.get(ValueLayout.JAVA_SHORT, 0) == F_UNLCK;
    }
  }

  private static MemorySegment flock(Arena arena, short type, int at) {
    MemorySegment flock = arena.allocate(FLOCK_BYTES, 8);
    flock.set(ValueLayout.JAVA_SHORT, 0, type);
    flock.set(ValueLayout.JAVA_LONG, START, at);
    flock.set(ValueLayout.JAVA_LONG, LENGTH, 1);
    return flock;
  }
}
