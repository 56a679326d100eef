package org.lodge.storage.internal;

import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Name;

/**
 * Reads what a storage guest answers. Nothing of it is trusted: what can't be is an error, so the
 * client guest's kernel never sees it.
 */
final class Replies {
  static final int ATTRIBUTES_BYTES = 88;
  static final int ENTRY_BYTES = 128;

  /** In place of a generation, which inodes that are held don't need. */
  static final int ENTRY_DEVICE = 8;

  static final int ENTRY_ATTRIBUTES = 40;
  static final int ATTR_OUT_ATTRIBUTES = 16;
  static final int OPENED_BYTES = 16;
  static final int STATFS_BYTES = 80;
  static final int DIRENT_BYTES = 24;

  /** What follows the last entry of a directory: {@code SHARE_LISTED_BYTES} of the agent. */
  static final int LISTED_END_BYTES = 8;

  private static final int FIFO = 0x1000;
  private static final int SOCKET = 0xc000;

  private Replies() {}

  /** {@code struct fuse_attr} at an offset; false where it says what can't be. */
  static boolean attributes(Exchange from, int at, Attributes into) {
    into.inode = from.getLong(at);
    into.sizeBytes = from.getLong(at + 8);
    into.blocks = from.getLong(at + 16);
    into.accessSeconds = from.getLong(at + 24);
    into.modifySeconds = from.getLong(at + 32);
    into.changeSeconds = from.getLong(at + 40);
    into.accessNanos = from.getInt(at + 48);
    into.modifyNanos = from.getInt(at + 52);
    into.changeNanos = from.getInt(at + 56);
    into.mode = from.getInt(at + 60) & 0xffff;
    into.links = from.getInt(at + 64);
    into.uid = from.getInt(at + 68);
    into.gid = from.getInt(at + 72);
    into.deviceNode = 0;
    into.blockSizeBytes = from.getInt(at + 80);
    into.birthSeconds = 0;
    into.birthNanos = 0;
    into.ageNanos = 0;
    return into.sizeBytes >= 0
        && into.blocks >= 0
        && isNanos(into.accessNanos)
        && isNanos(into.modifyNanos)
        && isNanos(into.changeNanos)
        && isShared(into.mode & Attributes.TYPE);
  }

  private static boolean isNanos(int value) {
    return value >= 0 && value < 1_000_000_000;
  }

  /** Devices of a storage guest are nobody's. */
  private static boolean isShared(int type) {
    return switch (type) {
      case Attributes.REGULAR, Attributes.DIRECTORY, Attributes.SYMLINK, FIFO, SOCKET -> true;
      default -> false;
    };
  }

  /** The device of an entry, in the 32 bits that numbers of devices have in Linux. */
  static int device(Exchange from, int at) {
    return (int) from.getLong(at + ENTRY_DEVICE);
  }

  /** Takes an entry of a directory. */
  interface Entries {
    /**
     * @param at where the entry begins
     * @param names where its name does; the fields of a dirent lie before it
     */
    void take(Name name, int at, int names);
  }

  /**
   * The entries of a READDIR or READDIRPLUS.
   *
   * @return where they end: before the answer does where its last word says that the directory has
   *     no more; negative from the first on that can't be
   */
  static int entries(Exchange from, boolean plus, Entries into) {
    Name name = new Name();
    int head = plus ? ENTRY_BYTES : 0;
    int at = 0;
    while (at < from.length() && from.length() - at != LISTED_END_BYTES) {
      int names = at + head + DIRENT_BYTES;
      int length = names <= from.length() ? from.getInt(names - 8) : -1;
      if (length < 1
          || length > 255
          || names + length > from.length()
          || !isName(from, names, length)) {
        return -1;
      }
      name.of(from.memory(), names, length);
      if (plus && isDots(name) && from.getLong(at) != 0) {
        // Neither is a file in the directory; each would be one more of the client's.
        return -1;
      }
      into.take(name, at, names);
      at = names + length + 7 & ~7;
    }
    return at;
  }

  /** Whether it is that of the directory itself or of the one above. */
  static boolean isDots(Name name) {
    return name.at(0) == '.' && (name.length() == 1 || name.length() == 2 && name.at(1) == '.');
  }

  /** A name of a directory's entry: no slash and no NUL. */
  private static boolean isName(Exchange from, int at, int length) {
    for (int i = at; i < at + length; i++) {
      byte value = from.getByte(i);
      if (value == 0 || value == '/') {
        return false;
      }
    }
    return length >= 1 && length <= 255;
  }
}
