package org.lodge.filesystem;

/** Which attributes to set, and to what. Reused; one thread at a time. */
public final class Change {
  public static final int MODE = 1;
  public static final int UID = 2;
  public static final int GID = 4;
  public static final int SIZE = 8;
  public static final int ACCESS_TIME = 16;
  public static final int MODIFY_TIME = 32;
  public static final int ACCESS_NOW = 128;
  public static final int MODIFY_NOW = 256;

  /** Whether there is something to set at all. */
  public static final int ANY =
      MODE | UID | GID | SIZE | ACCESS_TIME | MODIFY_TIME | ACCESS_NOW | MODIFY_NOW;

  /** A file that changes owner or length loses the bits that give privileges. */
  public static final int KILL_PRIVILEGES = 2048;

  /** Which of the fields are meant: a union of the constants of this class. */
  public int valid;

  public int mode;
  public int uid;
  public int gid;
  public long sizeBytes;
  public long accessSeconds;
  public int accessNanos;
  public long modifySeconds;
  public int modifyNanos;

  public boolean has(int field) {
    return (valid & field) != 0;
  }
}
