package org.lodge.filesystem;

/** Which file it is among those of its {@link FileSystem#place}. Reused; one thread at a time. */
public final class FileIdentity {
  public long device;
  public long inode;
}
