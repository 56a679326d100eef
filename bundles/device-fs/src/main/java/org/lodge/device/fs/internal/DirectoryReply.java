package org.lodge.device.fs.internal;

import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Name;

/** Writes entries as {@code struct fuse_dirent}, or {@code fuse_direntplus} with attributes. */
final class DirectoryReply implements DirectorySink {
  private Reply out;
  private Caching caching;
  private boolean plus;
  private int limit;

  /**
   * @param sizeBytes what the entries may take
   */
  DirectoryReply begin(Reply out, Caching caching, boolean plus, int sizeBytes) {
    this.out = out;
    this.caching = caching;
    this.plus = plus;
    limit = out.length() + sizeBytes;
    return this;
  }

  @Override
  public int sizeBytes() {
    return limit - out.length();
  }

  @Override
  public boolean fits(int nameBytes) {
    return size(nameBytes) <= limit - out.length();
  }

  private int size(int nameBytes) {
    int head = Reply.DIRENT_BYTES + (plus ? Reply.ENTRY_BYTES : 0);
    return head + nameBytes + 7 & ~7;
  }

  @Override
  public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
    int end = out.length() + size(name.length());
    if (plus && entry != null) {
      out.entry(entry, caching);
    } else if (plus) {
      out.zeroes(Reply.ENTRY_BYTES);
    }
    out.putLong(inode).putLong(nextOffset).putInt(name.length()).putInt(type);
    for (int i = 0; i < name.length(); i++) {
      out.putByte(name.at(i));
    }
    out.zeroes(end - out.length());
  }
}
