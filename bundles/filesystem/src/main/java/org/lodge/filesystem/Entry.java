package org.lodge.filesystem;

/** A node as a lookup gives it. Reused; one thread at a time. */
public final class Entry {
  /** Its number, never 0; in use once more. */
  public long node;

  /** Tells apart files that had the same number one after the other. */
  public long generation;

  public final Attributes attributes = new Attributes();
}
