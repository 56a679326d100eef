package org.lodge.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.lodge.linux.internal.FileCalls;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.TreeCalls;

/**
 * Copies of disk images: at once where the file system lets two files share their blocks (
 * ioctl_ficlone(2): Btrfs, XFS, bcachefs, some network file systems), otherwise without the holes
 * (lseek(2), SEEK_DATA). Nothing is made durable here.
 */
public final class FileCopy {
  /** {@code _IOW(0x94, 9, int)} of {@code linux/fs.h}. */
  private static final long FICLONE = 0x40049409L;

  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;
  private static final int ENXIO = 6;
  private static final int EXDEV = 18;
  private static final int ENOTTY = 25;
  private static final int STATX_BLOCKS_AT = 48;
  private static final int STATX_BYTES = 256;
  private static final int AT_FDCWD = -100;

  /** A piece takes some milliseconds, so that whoever wants the copy to end is heard. */
  private static final long PIECE_BYTES = 8 << 20;

  private FileCopy() {}

  /** Told after each piece, on the thread that copies. */
  @FunctionalInterface
  public interface Progress {
    /**
     * @param doneBytes of data that are copied
     * @return false to end the copy
     */
    boolean copied(long doneBytes);
  }

  /**
   * Lets an empty file have the content of another without copying it. The content is that of one
   * instant, whoever writes meanwhile.
   *
   * @return false where the file system can't, or they are on two
   */
  public static boolean share(Path from, Path to) throws LinuxException {
    try (Arena arena = Arena.ofConfined();
        BlockFile source = BlockFile.open(from, false, false);
        BlockFile target = BlockFile.open(to, true, false)) {
      int result =
          FileCalls.ioctl(
              arena.allocate(FileCalls.captureLayout()), target.number(), FICLONE, source.number());
      if (result < 0
          && result != -BlockFile.EOPNOTSUPP
          && result != -EXDEV
          && result != -ENOTTY
          && result != -LinuxException.EINVAL) {
        throw LibC.failure("ioctl FICLONE " + from + " to " + to, -result);
      }
      return result >= 0;
    }
  }

  /**
   * Copies the data, and the length, into an empty file on any file system. Whoever writes to the
   * source meanwhile spoils the copy.
   *
   * @return false where {@code progress} ended it; the target is incomplete then
   */
  public static boolean copy(Path from, Path to, Progress progress) throws IOException {
    try (Arena arena = Arena.ofConfined();
        BlockFile holes = BlockFile.open(from, false, false);
        FileChannel source = FileChannel.open(from, StandardOpenOption.READ);
        FileChannel target = FileChannel.open(to, StandardOpenOption.WRITE);
        BlockFile length = BlockFile.open(to, true, false)) {
      MemorySegment capture = arena.allocate(FileCalls.captureLayout());
      long size = holes.sizeBytes();
      length.resize(size);
      long done = 0;
      for (long at = 0; at < size; ) {
        long data = TreeCalls.lseek(capture, holes.number(), at, SEEK_DATA);
        if (data == -ENXIO) {
          break;
        }
        long end = data < 0 ? data : TreeCalls.lseek(capture, holes.number(), data, SEEK_HOLE);
        if (end < 0) {
          throw LibC.failure("lseek " + from, (int) -end);
        }
        for (at = data; at < end; ) {
          long piece = source.transferTo(at, Math.min(PIECE_BYTES, end - at), target.position(at));
          if (piece <= 0) {
            throw new IOException(from + " became shorter while it was copied");
          }
          at += piece;
          done += piece;
          if (!progress.copied(done)) {
            return false;
          }
        }
      }
      return true;
    }
  }

  /** What a file takes up, in bytes; less than its length where it has holes. */
  public static long allocatedBytes(Path file) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(STATX_BYTES, 8);
      if (LibC.statx(AT_FDCWD, file.toString(), 0, LibC.STATX_BASIC_STATS, status.address()) != 0) {
        throw LibC.failure("statx " + file);
      }
      return status.get(ValueLayout.JAVA_LONG, STATX_BLOCKS_AT) * 512;
    }
  }
}
