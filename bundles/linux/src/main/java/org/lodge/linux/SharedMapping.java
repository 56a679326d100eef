package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.lodge.linux.internal.LibC;

/**
 * A part of a file in this process's memory, shared with everyone who maps it ({@code mmap(2)} with
 * {@code MAP_SHARED}), readable and writable.
 *
 * <p>If the file is shrunk below the mapping, a Java access throws {@link InternalError}, possibly
 * a few instructions late, and a system call on the memory fails with {@code EFAULT}; the JVM
 * lives.
 *
 * <p>Any thread may use the segment. Whoever closes sees to it that nobody does any more: a later
 * access throws {@link IllegalStateException}, and a close while a channel reads or writes the
 * memory throws it too, leaving the mapping as it is.
 */
public final class SharedMapping implements AutoCloseable {
  private final Arena arena;
  private final MemorySegment segment;

  private SharedMapping(Arena arena, MemorySegment segment) {
    this.arena = arena;
    this.segment = segment;
  }

  /**
   * Maps part of a file. The descriptor may be closed afterwards.
   *
   * @param offsetBytes where the part begins; need not be aligned
   * @param sizeBytes its length, at least 1
   * @throws LinuxException if the file does not reach that far, or the kernel refuses
   */
  public static SharedMapping of(Fd fd, long offsetBytes, long sizeBytes) throws LinuxException {
    FileStatus status = fd.status();
    if (offsetBytes < 0 || sizeBytes <= 0 || offsetBytes > status.sizeBytes() - sizeBytes) {
      throw new LinuxException(
          "mmap " + fd,
          LinuxException.EINVAL,
          "bytes %d to %d are outside the file's %d"
              .formatted(offsetBytes, offsetBytes + sizeBytes, status.sizeBytes()));
    }
    long page = Math.max(4096, Integer.highestOneBit(status.blockSizeBytes()));
    long base = offsetBytes / page * page;
    long length = (offsetBytes - base + sizeBytes + page - 1) / page * page;
    long address =
        LibC.mmap(0, length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, fd.number(), base);
    if (address == -1) {
      throw LibC.failure("mmap " + fd);
    }
    Arena arena = Arena.ofShared();
    return new SharedMapping(
        arena, segment(address, length, arena).asSlice(offsetBytes - base, sizeBytes));
  }

  @SuppressWarnings("restricted") // the address and length are those mmap has just given
  private static MemorySegment segment(long address, long length, Arena arena) {
    return MemorySegment.ofAddress(address)
        .reinterpret(length, arena, ignored -> LibC.munmap(address, length));
  }

  public MemorySegment segment() {
    return segment;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
