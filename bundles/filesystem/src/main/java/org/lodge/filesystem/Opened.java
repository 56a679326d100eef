package org.lodge.filesystem;

/** An open file or directory. Reused; one thread at a time. */
public final class Opened {
  /** Its number, never 0. */
  public long handle;
}
