package org.lodge.storage.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Name;

/**
 * Names of an open directory that its guest has listed and the client has yet to read: its kernel
 * reads them by the page. What is made or removed while a directory is open may be seen by whoever
 * reads it or not ({@code readdir(3)}); who begins anew has it listed anew. Of one thread at a
 * time.
 */
final class NamesAhead {
  /** Of all directories that are open anywhere; what is over takes none. */
  private static final int ALL_BYTES_MAX = 4 << 20;

  private static final AtomicInteger ALL_BYTES = new AtomicInteger();

  private static final int FIRST_BYTES = 1024;

  /** Inode, where reading goes on, type, and the name's length; then the name. */
  private static final int HEAD_BYTES = 24;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private static final byte[] NONE = new byte[0];
  private static final MemorySegment NOTHING = MemorySegment.ofArray(NONE);

  private boolean complete;
  private final Name name = new Name();
  private byte[] bytes = NONE;
  private MemorySegment memory = NOTHING;
  private int at;
  private int end;
  private int counted;

  /** Where the client has read until, and where it has been looked until for it. */
  private long read;

  private long seen;

  /**
   * @param offset where the guest was asked to begin
   */
  NamesAhead(long offset) {
    read = offset;
    seen = offset;
  }

  /** Whether this is what comes there. */
  boolean isAt(long offset) {
    return offset != 0 && (offset == read || offset == seen);
  }

  /** Nothing follows what the guest has answered. */
  void end() {
    complete = true;
  }

  boolean hasNames() {
    return at < end;
  }

  /** Whether the guest need not be asked for what comes. */
  boolean isOver() {
    return complete && !hasNames();
  }

  /** Those before what waits were given to the client, or are not for it. */
  void passed(long nextOffset, boolean given) {
    seen = nextOffset;
    read = given ? nextOffset : read;
  }

  void add(Name name, long inode, int type, long nextOffset) {
    int size = HEAD_BYTES + name.length() + 1;
    if (bytes.length - end < size) {
      bytes = Arrays.copyOf(bytes, Math.max(FIRST_BYTES, 2 * (end + size)));
      memory = MemorySegment.ofArray(bytes);
    }
    memory.set(LONG, end, inode);
    memory.set(LONG, end + 8, nextOffset);
    memory.set(INT, end + 16, type);
    memory.set(INT, end + 20, name.length());
    for (int i = 0; i < name.length(); i++) {
      bytes[end + HEAD_BYTES + i] = name.at(i);
    }
    end += size;
  }

  /** The files that have the names, for a client that wants them, too. */
  interface Files {
    /** Whether {@link #take} may be asked; where it may not, nothing is given from there on. */
    boolean has(Name name);

    /** Null for none. */
    Entry take(Name name);
  }

  /**
   * Gives the next ones, as many as fit.
   *
   * @param files null where names are enough
   * @return how many were given or are not for the client
   */
  int give(DirectorySink into, Files files) {
    int passed = 0;
    while (hasNames()) {
      int length = memory.get(INT, at + 20);
      long next = memory.get(LONG, at + 8);
      name.of(memory, at + HEAD_BYTES, length);
      if (!into.fits(length) || files != null && !files.has(name)) {
        break;
      }
      boolean wanted = into.wants(name, next);
      if (wanted) {
        Entry entry = files == null ? null : files.take(name);
        into.add(name, memory.get(LONG, at), memory.get(INT, at + 16), next, entry);
      }
      passed(next, wanted);
      at += HEAD_BYTES + length + 1;
      passed++;
    }
    return passed;
  }

  /** Whether there is room to keep it, until {@link #drop}. */
  boolean keep() {
    if (!hasNames()) {
      bytes = NONE;
      memory = NOTHING;
    }
    counted = bytes.length;
    if (ALL_BYTES.addAndGet(counted) <= ALL_BYTES_MAX || counted == 0) {
      return true;
    }
    drop();
    return false;
  }

  int sizeBytes() {
    return bytes.length;
  }

  /** Of all that are kept. */
  static int allBytes() {
    return ALL_BYTES.get();
  }

  void drop() {
    ALL_BYTES.addAndGet(-counted);
    counted = 0;
  }
}
