package org.lodge.device.fs.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Statistics;

/** The bytes of a reply as they grow, header first. One per thread, reused. */
final class Reply {
  static final int ENTRY_BYTES = 128;
  static final int DIRENT_BYTES = 24;

  private static final long SECOND_NANOS = 1_000_000_000;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes = new byte[1024];
  private int length;

  /** Forgets what was there; the header's place is kept free. */
  void begin() {
    length = Fuse.OUT_HEADER_BYTES;
  }

  void header(int lengthBytes, int error, long unique) {
    INT.set(bytes, 0, lengthBytes);
    INT.set(bytes, 4, error);
    LONG.set(bytes, 8, unique);
  }

  byte[] bytes() {
    return bytes;
  }

  /** With the header. */
  int length() {
    return length;
  }

  void truncate(int lengthBytes) {
    length = lengthBytes;
  }

  private int room(int more) {
    int at = length;
    if (at + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, at + more));
    }
    length += more;
    return at;
  }

  Reply putByte(byte value) {
    int at = room(1);
    bytes[at] = value;
    return this;
  }

  Reply putShort(int value) {
    int at = room(2);
    SHORT.set(bytes, at, (short) value);
    return this;
  }

  Reply putInt(int value) {
    int at = room(4);
    INT.set(bytes, at, value);
    return this;
  }

  Reply putLong(long value) {
    int at = room(8);
    LONG.set(bytes, at, value);
    return this;
  }

  Reply zeroes(int count) {
    int at = room(count);
    Arrays.fill(bytes, at, at + count, (byte) 0);
    return this;
  }

  Reply put(MemorySegment from, long offset, int count) {
    int at = room(count);
    MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, bytes, at, count);
    return this;
  }

  /** {@code struct fuse_entry_out}. */
  void entry(Entry entry, Caching caching) {
    long nanos = validNanos(entry.attributes, caching);
    putLong(entry.node).putLong(entry.generation);
    putLong(nanos / SECOND_NANOS).putLong(nanos / SECOND_NANOS);
    putInt((int) (nanos % SECOND_NANOS)).putInt((int) (nanos % SECOND_NANOS));
    attributes(entry.attributes);
  }

  /** {@code struct fuse_attr_out}. */
  void attributesOut(Attributes attributes, Caching caching) {
    validity(attributes, caching);
    attributes(attributes);
  }

  /** From now on, and a word that says nothing. */
  private Reply validity(Attributes of, Caching caching) {
    long nanos = validNanos(of, caching);
    return putLong(nanos / SECOND_NANOS).putInt((int) (nanos % SECOND_NANOS)).putInt(0);
  }

  private static long validNanos(Attributes of, Caching caching) {
    return Math.max(0, caching.seconds() * SECOND_NANOS - of.ageNanos);
  }

  private void attributes(Attributes from) {
    putLong(from.inode).putLong(from.sizeBytes).putLong(from.blocks);
    putLong(from.accessSeconds).putLong(from.modifySeconds).putLong(from.changeSeconds);
    putInt(from.accessNanos).putInt(from.modifyNanos).putInt(from.changeNanos);
    putInt(from.mode).putInt(from.links).putInt(from.uid).putInt(from.gid);
    putInt(from.deviceNode).putInt(from.blockSizeBytes).putInt(0);
  }

  /** {@code struct fuse_statx_out}. */
  void statx(Attributes from, Caching caching) {
    int basicAndBirth = 0xfff;
    validity(from, caching).zeroes(16);
    putInt(from.birthSeconds == 0 ? basicAndBirth & ~0x800 : basicAndBirth);
    putInt(from.blockSizeBytes).putLong(0).putInt(from.links).putInt(from.uid).putInt(from.gid);
    putShort(from.mode).putShort(0);
    putLong(from.inode).putLong(from.sizeBytes).putLong(from.blocks).putLong(0);
    putLong(from.accessSeconds).putInt(from.accessNanos).putInt(0);
    putLong(from.birthSeconds).putInt(from.birthNanos).putInt(0);
    putLong(from.changeSeconds).putInt(from.changeNanos).putInt(0);
    putLong(from.modifySeconds).putInt(from.modifyNanos).putInt(0);
    int device = from.deviceNode;
    putInt(device >>> 8 & 0xfff).putInt(device & 0xff | device >>> 12 & ~0xff).putLong(0);
    zeroes(112);
  }

  /** {@code struct fuse_open_out}. */
  void opened(long handle, int flags) {
    putLong(handle).putInt(flags).putInt(0);
  }

  /** {@code struct fuse_statfs_out}. */
  void statistics(Statistics from) {
    putLong(from.blocks).putLong(from.freeBlocks).putLong(from.availableBlocks);
    putLong(from.files).putLong(from.freeFiles);
    putInt(from.blockSizeBytes).putInt(from.nameBytesMax).putInt(from.fragmentBytes);
    zeroes(28);
  }
}
