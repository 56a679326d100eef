package org.lodge.linux;

import org.lodge.linux.internal.LibC;

/** Memory that is a file without a name ({@code memfd_create(2)}), shared by passing it. */
public final class MemFd extends Fd {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int F_SEAL_SEAL = 1;
  private static final int F_SEAL_SHRINK = 2;
  private static final int F_SEAL_GROW = 4;

  private MemFd(int number) {
    super(number);
  }

  /**
   * Zeroed memory that nobody can shrink or grow any more.
   *
   * @param name shown in {@code /proc/PID/maps}
   */
  public static MemFd sealed(String name, long sizeBytes) throws LinuxException {
    MemFd memory = resizable(name, sizeBytes);
    try {
      memory.seal(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
      return memory;
    } catch (LinuxException e) {
      memory.close();
      throw e;
    }
  }

  /** Zeroed memory that nobody can shrink any more; it can grow. */
  public static MemFd growable(String name, long sizeBytes) throws LinuxException {
    MemFd memory = resizable(name, sizeBytes);
    try {
      memory.seal(F_SEAL_SHRINK);
      return memory;
    } catch (LinuxException e) {
      memory.close();
      throw e;
    }
  }

  /**
   * Adds seals.
   *
   * @param seals {@code F_SEAL_SHRINK} and its kin of <em>fcntl(2)</em>; {@code F_SEAL_WRITE} fails
   *     while the memory is mapped to be written
   */
  public void seal(int seals) throws LinuxException {
    enter();
    try {
      if (LibC.fcntl(raw(), LibC.F_ADD_SEALS, seals) != 0) {
        throw LibC.failure("seal " + this);
      }
    } finally {
      leave();
    }
  }

  /** Zeroed memory whose size any holder can change: a peer should not trust it. */
  public static MemFd resizable(String name, long sizeBytes) throws LinuxException {
    int number = LibC.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (number < 0) {
      throw LibC.failure("memfd_create " + name);
    }
    MemFd memory = new MemFd(number);
    try {
      memory.resize(sizeBytes);
      return memory;
    } catch (LinuxException e) {
      memory.close();
      throw e;
    }
  }

  public void resize(long sizeBytes) throws LinuxException {
    enter();
    try {
      if (LibC.ftruncate(raw(), sizeBytes) != 0) {
        throw LibC.failure("ftruncate " + this + " to " + sizeBytes);
      }
    } finally {
      leave();
    }
  }

  /**
   * Whether nobody can shrink the file any more; only then does a mapping stay readable as long as
   * it lasts.
   */
  public static boolean isShrinkSealed(Fd fd) {
    int seals = LibC.fcntl(fd.number(), LibC.F_GET_SEALS, 0);
    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
  }
}
