package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.lodge.linux.internal.FileCalls;
import org.lodge.linux.internal.LibC;

/**
 * A regular file or block device for disk requests: positional, scattered, straight to and from any
 * memory. The data calls return 0 or a negated error number instead of throwing, because a guest
 * may provoke as many errors as it likes.
 *
 * <p>Thread-safe; each thread brings its own {@link IoVector}.
 */
public final class BlockFile extends Fd {
  public static final int EIO = 5;
  public static final int EOPNOTSUPP = 95;

  private static final long BLKGETSIZE64 = 0x80081272L;
  private static final long BLKSSZGET = 0x1268;
  private static final long BLKDISCARD = 0x1277;
  private static final long BLKZEROOUT = 0x127f;
  private static final int FILE_ALIGNMENT_BYTES = 4096;

  private final boolean blockDevice;
  private final int alignmentBytes;

  private BlockFile(int number, boolean blockDevice, int alignmentBytes) {
    super(number);
    this.blockDevice = blockDevice;
    this.alignmentBytes = alignmentBytes;
  }

  /**
   * Opens an existing file.
   *
   * @param direct past the page cache; addresses, lengths and offsets must then be aligned to
   *     {@link #alignmentBytes}
   * @throws LinuxException where it can't be opened so, or is neither file nor block device
   */
  public static BlockFile open(Path path, boolean writable, boolean direct) throws LinuxException {
    int flags =
        FileCalls.O_CLOEXEC
            | LibC.O_NONBLOCK
            | (writable ? FileCalls.O_RDWR : 0)
            | (direct ? FileCalls.O_DIRECT : 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment capture = arena.allocate(FileCalls.captureLayout());
      int number = FileCalls.open(capture, arena.allocateFrom(path.toString()), flags);
      if (number < 0) {
        throw LibC.failure("open " + path, -number);
      }
      FileStatus status = FileStatus.of(number);
      // Opening a pipe would wait without; io_uring may refuse to wait where it is set.
      int opened = LibC.fcntl(number, LibC.F_GETFL, 0);
      if (opened < 0 || LibC.fcntl(number, LibC.F_SETFL, opened & ~LibC.O_NONBLOCK) != 0) {
        LinuxException failure = LibC.failure("fcntl of " + path);
        LibC.close(number);
        throw failure;
      }
      if (!status.isRegularFile() && !status.isBlockDevice()) {
        LibC.close(number);
        throw LibC.failure("open " + path + " (neither a file nor a block device)", 22);
      }
      int alignmentBytes =
          status.isBlockDevice()
              ? (int) Math.max(512, ask(capture, arena, number, BLKSSZGET))
              : FILE_ALIGNMENT_BYTES;
      return new BlockFile(number, status.isBlockDevice(), alignmentBytes);
    }
  }

  private static long ask(MemorySegment capture, Arena arena, int number, long request)
      throws LinuxException {
    MemorySegment answer = arena.allocate(8, 8);
    int result = FileCalls.ioctl(capture, number, request, answer.address());
    if (result < 0) {
      throw LibC.failure("ioctl 0x%x".formatted(request), -result);
    }
    return answer.get(ValueLayout.JAVA_LONG, 0);
  }

  public boolean isBlockDevice() {
    return blockDevice;
  }

  /** What direct I/O must be aligned to, in bytes. */
  public int alignmentBytes() {
    return alignmentBytes;
  }

  /** The present size in bytes. */
  public long sizeBytes() throws LinuxException {
    enter();
    try (Arena arena = Arena.ofConfined()) {
      return blockDevice
          ? ask(arena.allocate(FileCalls.captureLayout()), arena, raw(), BLKGETSIZE64)
          : FileStatus.of(raw()).sizeBytes();
    } finally {
      leave();
    }
  }

  /** Makes a regular file longer or shorter. */
  public void resize(long sizeBytes) throws LinuxException {
    enter();
    try {
      if (LibC.ftruncate(raw(), sizeBytes) != 0) {
        throw LibC.failure("ftruncate to " + sizeBytes);
      }
    } finally {
      leave();
    }
  }

  /**
   * Whether the file system can tell that data is not at hand, instead of waiting for it; io_uring
   * reads by threads of its own otherwise.
   */
  public boolean readsWithoutWaiting() {
    if (!tryEnter()) {
      return false;
    }
    try (Arena arena = Arena.ofConfined()) {
      IoVector one = new IoVector(1);
      one.add(arena.allocate(1).address(), 1);
      long done = FileCalls.preadvNow(one.capture(), raw(), one.address(), one.count(), 0);
      return done >= 0 || done == -LinuxException.EAGAIN;
    } finally {
      leave();
    }
  }

  /** Reads all of the ranges; a file that ends before is an error. */
  public int read(IoVector into, long offset) {
    return transfer(into, offset, false);
  }

  /** Writes all of the ranges. */
  public int write(IoVector from, long offset) {
    return transfer(from, offset, true);
  }

  private int transfer(IoVector vector, long offset, boolean write) {
    if (!tryEnter()) {
      return -LinuxException.EBADF;
    }
    try {
      long at = offset;
      while (vector.sizeBytes() > 0) {
        long done =
            write
                ? FileCalls.pwritev(vector.capture(), raw(), vector.address(), vector.count(), at)
                : FileCalls.preadv(vector.capture(), raw(), vector.address(), vector.count(), at);
        if (done > 0) {
          vector.advance(done);
          at += done;
        } else if (done == 0) {
          return -EIO;
        } else if (done != -LinuxException.EINTR) {
          return (int) done;
        }
      }
      return 0;
    } finally {
      leave();
    }
  }

  /** Waits until all that was written is durable ({@code fdatasync(2)}). */
  public int sync(IoVector scratch) {
    if (!tryEnter()) {
      return -LinuxException.EBADF;
    }
    try {
      return FileCalls.fdatasync(scratch.capture(), raw());
    } finally {
      leave();
    }
  }

  /** Lets go of the space of a range, whose content is undefined then. */
  public int discard(IoVector scratch, long offset, long sizeBytes) {
    return blockDevice
        ? blockRange(scratch, BLKDISCARD, offset, sizeBytes)
        : allocate(
            scratch, FileCalls.FALLOC_PUNCH_HOLE | FileCalls.FALLOC_KEEP_SIZE, offset, sizeBytes);
  }

  /**
   * Lets a range read as zeroes, as fast as file system or device can.
   *
   * @param mayUnmap whether the space may go
   * @return {@code -EOPNOTSUPP} where neither can: write zeroes then
   */
  public int zero(IoVector scratch, long offset, long sizeBytes, boolean mayUnmap) {
    if (blockDevice) {
      return blockRange(scratch, BLKZEROOUT, offset, sizeBytes);
    }
    int how = mayUnmap ? FileCalls.FALLOC_PUNCH_HOLE : FileCalls.FALLOC_ZERO_RANGE;
    return allocate(scratch, how | FileCalls.FALLOC_KEEP_SIZE, offset, sizeBytes);
  }

  private int allocate(IoVector scratch, int mode, long offset, long sizeBytes) {
    if (!tryEnter()) {
      return -LinuxException.EBADF;
    }
    try {
      int result;
      do {
        result = FileCalls.fallocate(scratch.capture(), raw(), mode, offset, sizeBytes);
      } while (result == -LinuxException.EINTR);
      return result;
    } finally {
      leave();
    }
  }

  private int blockRange(IoVector scratch, long request, long offset, long sizeBytes) {
    if (!tryEnter()) {
      return -LinuxException.EBADF;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(16, 8);
      range.set(ValueLayout.JAVA_LONG, 0, offset);
      range.set(ValueLayout.JAVA_LONG, 8, sizeBytes);
      return FileCalls.ioctl(scratch.capture(), raw(), request, range.address());
    } finally {
      leave();
    }
  }
}
