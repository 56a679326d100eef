package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.lodge.linux.internal.TreeCalls;

/**
 * The memory that calls on {@link InodeFd} and {@link FileFd} need beside their arguments, and the
 * status that the last {@code statx(2)} has left. One thread at a time; nothing is allocated after
 * construction.
 */
public final class TreeScratch {
  private static final long STATX_BYTES = 256;
  private static final byte[] PROC = "/proc/self/fd/".getBytes(StandardCharsets.US_ASCII);

  private final MemorySegment capture;
  private final MemorySegment statx;
  private final MemorySegment path;
  private final MemorySegment how;
  private final MemorySegment pair;
  private final IoVector vector = new IoVector();

  /** Its memory lives as long as the object. */
  public TreeScratch() {
    Arena arena = Arena.ofAuto();
    capture = arena.allocate(TreeCalls.captureLayout());
    statx = arena.allocate(STATX_BYTES, 8);
    path = arena.allocate(32);
    MemorySegment.copy(PROC, 0, path, ValueLayout.JAVA_BYTE, 0, PROC.length);
    how = arena.allocate(24, 8);
    pair = arena.allocate(32, 8);
  }

  /** A list of memory ranges for whoever has this scratch. */
  public IoVector vector() {
    return vector;
  }

  public int mode() {
    return statx.get(ValueLayout.JAVA_SHORT, 28) & 0xffff;
  }

  public long inode() {
    return statx.get(ValueLayout.JAVA_LONG, 32);
  }

  public long sizeBytes() {
    return statx.get(ValueLayout.JAVA_LONG, 40);
  }

  /** Units of 512 bytes that the file takes up. */
  public long blocks() {
    return statx.get(ValueLayout.JAVA_LONG, 48);
  }

  public int blockSizeBytes() {
    return statx.get(ValueLayout.JAVA_INT, 4);
  }

  public int links() {
    return statx.get(ValueLayout.JAVA_INT, 16);
  }

  public int uid() {
    return statx.get(ValueLayout.JAVA_INT, 20);
  }

  public int gid() {
    return statx.get(ValueLayout.JAVA_INT, 24);
  }

  /** Seconds since 1970 of the last access. */
  public long accessSeconds() {
    return statx.get(ValueLayout.JAVA_LONG, 64);
  }

  public int accessNanos() {
    return statx.get(ValueLayout.JAVA_INT, 72);
  }

  /** Seconds since 1970 of the birth; 0 where the file system does not know. */
  public long birthSeconds() {
    return statx.get(ValueLayout.JAVA_LONG, 80);
  }

  public int birthNanos() {
    return statx.get(ValueLayout.JAVA_INT, 88);
  }

  /** Seconds since 1970 of the last change of the inode. */
  public long changeSeconds() {
    return statx.get(ValueLayout.JAVA_LONG, 96);
  }

  public int changeNanos() {
    return statx.get(ValueLayout.JAVA_INT, 104);
  }

  /** Seconds since 1970 of the last change of the content. */
  public long modifySeconds() {
    return statx.get(ValueLayout.JAVA_LONG, 112);
  }

  public int modifyNanos() {
    return statx.get(ValueLayout.JAVA_INT, 120);
  }

  /** Of a device node: its number as in the C library. */
  public int deviceNode() {
    return device(128);
  }

  /** The file system that holds the file. */
  public int device() {
    return device(136);
  }

  private int device(int at) {
    int major = statx.get(ValueLayout.JAVA_INT, at);
    int minor = statx.get(ValueLayout.JAVA_INT, at + 4);
    return minor & 0xff | (major & 0xfff) << 8 | (minor & ~0xff) << 12;
  }

  MemorySegment capture() {
    return capture;
  }

  long statx() {
    return statx.address();
  }

  /** Two words or two times, by the caller's layout. */
  MemorySegment pair() {
    return pair;
  }

  /** The name under which the kernel gives the file behind a descriptor once more. */
  long procPath(int fd) {
    int digits = 1;
    for (int rest = fd; rest >= 10; rest /= 10) {
      digits++;
    }
    path.set(ValueLayout.JAVA_BYTE, PROC.length + digits, (byte) 0);
    int rest = fd;
    for (int at = PROC.length + digits - 1; at >= PROC.length; at--) {
      path.set(ValueLayout.JAVA_BYTE, at, (byte) ('0' + rest % 10));
      rest /= 10;
    }
    return path.address();
  }

  /** The argument of {@code openat2(2)} that lets no name lead out of its directory. */
  long beneath(int flags, int mode) {
    how.set(ValueLayout.JAVA_LONG, 0, flags);
    how.set(ValueLayout.JAVA_LONG, 8, mode);
    how.set(
        ValueLayout.JAVA_LONG,
        16,
        TreeCalls.RESOLVE_BENEATH
            | TreeCalls.RESOLVE_NO_MAGICLINKS
            | TreeCalls.RESOLVE_NO_SYMLINKS);
    return how.address();
  }
}
