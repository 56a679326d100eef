package org.lodge.filesystem;

/** What {@code statvfs(3)} tells of a file system. Reused; one thread at a time. */
public final class Statistics {
  public long blocks;
  public long freeBlocks;
  public long availableBlocks;
  public long files;
  public long freeFiles;
  public int blockSizeBytes;
  public int fragmentBytes;
  public int nameBytesMax;
}
