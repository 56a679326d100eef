package org.lodge.filesystem;

import org.lodge.linux.TreeScratch;

/**
 * What {@code stat(2)} tells of a file, as the guest is to see it. Reused; one thread at a time.
 */
public final class Attributes {
  public static final int TYPE = 0xf000;
  public static final int REGULAR = 0x8000;
  public static final int DIRECTORY = 0x4000;
  public static final int SYMLINK = 0xa000;
  public static final int SET_UID = 04000;
  public static final int SET_GID = 02000;

  /** Type and permissions. */
  public int mode;

  public long inode;
  public long sizeBytes;

  /** Units of 512 bytes. */
  public long blocks;

  public int blockSizeBytes;
  public int links;
  public int uid;
  public int gid;
  public int deviceNode;
  public long accessSeconds;
  public int accessNanos;
  public long modifySeconds;
  public int modifyNanos;
  public long changeSeconds;
  public int changeNanos;
  public long birthSeconds;
  public int birthNanos;

  /** How long ago it was so; 0 where the file system was asked just now. */
  public long ageNanos;

  /** Takes over what the last status call has left, owners as the host counts them. */
  public void take(TreeScratch status) {
    mode = status.mode();
    inode = status.inode();
    sizeBytes = status.sizeBytes();
    blocks = status.blocks();
    blockSizeBytes = status.blockSizeBytes();
    links = status.links();
    uid = status.uid();
    gid = status.gid();
    deviceNode = status.deviceNode();
    accessSeconds = status.accessSeconds();
    accessNanos = status.accessNanos();
    modifySeconds = status.modifySeconds();
    modifyNanos = status.modifyNanos();
    changeSeconds = status.changeSeconds();
    changeNanos = status.changeNanos();
    birthSeconds = status.birthSeconds();
    birthNanos = status.birthNanos();
    ageNanos = 0;
  }

  /** Takes over what other attributes are. */
  public void take(Attributes from) {
    mode = from.mode;
    inode = from.inode;
    sizeBytes = from.sizeBytes;
    blocks = from.blocks;
    blockSizeBytes = from.blockSizeBytes;
    links = from.links;
    uid = from.uid;
    gid = from.gid;
    deviceNode = from.deviceNode;
    accessSeconds = from.accessSeconds;
    accessNanos = from.accessNanos;
    modifySeconds = from.modifySeconds;
    modifyNanos = from.modifyNanos;
    changeSeconds = from.changeSeconds;
    changeNanos = from.changeNanos;
    birthSeconds = from.birthSeconds;
    birthNanos = from.birthNanos;
    ageNanos = from.ageNanos;
  }

  public boolean isDirectory() {
    return (mode & TYPE) == DIRECTORY;
  }

  public boolean isRegularFile() {
    return (mode & TYPE) == REGULAR;
  }
}
