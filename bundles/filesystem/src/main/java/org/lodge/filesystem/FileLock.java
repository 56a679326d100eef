package org.lodge.filesystem;

/**
 * A lock on bytes of a file ({@code fcntl(2)}) or on a whole file ({@code flock(2)}); neither kind
 * sees the other. Reused; one thread at a time.
 */
public final class FileLock {
  /** {@code F_RDLCK}: several may hold it. */
  public static final int READ = 0;

  /** {@code F_WRLCK}: one holds it, alone. */
  public static final int WRITE = 1;

  /** {@code F_UNLCK}: nobody holds it, or nobody is to hold it. */
  public static final int UNLOCK = 2;

  /** One of the constants. */
  public int type;

  /** Whether it is {@code flock(2)}'s; then it has no range. */
  public boolean wholeFile;

  /** Whose it is: a number by which the guest's kernel tells its processes or open files apart. */
  public long owner;

  /** The open file by which it was asked for; with its release the lock ends. */
  public long handle;

  /** The offset of the first byte. */
  public long first;

  /** The offset of the last byte; {@link Long#MAX_VALUE} for all that may come. */
  public long last;

  /** The process as the guest counts; 0 where it is another guest's. */
  public int pid;
}
