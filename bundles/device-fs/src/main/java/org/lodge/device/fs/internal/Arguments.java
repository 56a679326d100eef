package org.lodge.device.fs.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.Name;
import org.lodge.virtio.DescriptorChain;

/**
 * What follows the header of a request, copied out of guest memory once. Everything here is the
 * copy's; the numbers in it are as untrusted as ever. One per thread, reused.
 */
final class Arguments {
  /** An attribute of the longest name and value. */
  static final int BYTES_MAX = 24 + 256 + 64 * 1024;

  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment bytes = Arena.ofAuto().allocate(BYTES_MAX + 8, 8);
  private int length;

  /** Copies the readable bytes from {@code offset} on; false where they are too many. */
  boolean copy(DescriptorChain chain, long offset, long lengthBytes) {
    if (lengthBytes > BYTES_MAX) {
      return false;
    }
    length = (int) lengthBytes;
    int piece = 0;
    long skip = offset;
    for (int done = 0; done < length; ) {
      if (skip >= chain.pieceBytes(piece)) {
        skip -= chain.pieceBytes(piece++);
        continue;
      }
      long part = Math.min(length - done, chain.pieceBytes(piece) - skip);
      MemorySegment.copy(
          chain.pieceMemory(piece), chain.pieceOffset(piece) + skip, bytes, done, part);
      done += (int) part;
      skip += part;
    }
    return true;
  }

  int length() {
    return length;
  }

  int getInt(int offset) {
    return bytes.get(INT, offset);
  }

  long getLong(int offset) {
    return bytes.get(LONG, offset);
  }

  MemorySegment memory() {
    return bytes;
  }

  /**
   * Takes bytes that end with NUL.
   *
   * @param most how many there may be
   * @return where the next argument begins, or a negated error
   */
  int text(int offset, int most, Name into) {
    int end = offset;
    while (end < length && bytes.get(ValueLayout.JAVA_BYTE, end) != 0) {
      end++;
    }
    if (end >= length) {
      return -Errno.EINVAL;
    }
    if (end - offset > most) {
      return -Errno.ENAMETOOLONG;
    }
    into.of(bytes, offset, end - offset);
    return end + 1;
  }

  /** As {@link #text}, the name of a file in its directory. */
  int name(int offset, Name into) {
    int next = text(offset, Fuse.NAME_BYTES_MAX, into);
    if (next < 0) {
      return next;
    }
    int size = into.length();
    if (size == 0 || into.at(0) == '.' && (size == 1 || size == 2 && into.at(1) == '.')) {
      return -Errno.EINVAL;
    }
    for (int i = 0; i < size; i++) {
      if (into.at(i) == '/') {
        return -Errno.EINVAL;
      }
    }
    return next;
  }
}
