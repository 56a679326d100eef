package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.lodge.agent.handles.FileHandle;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;

/**
 * A memory file of this process that the server maps, too: what is written here is there. It can't
 * be shrunk by anybody, so its mapping is safe. Thread-safe.
 */
final class HostFile extends HostHandle implements FileHandle, RowTarget {
  private static final int EFBIG = 27;

  private final MemFd memory;
  private SharedMapping mapping;
  private long sizeBytes;
  private int seals;

  private HostFile(HostSocket socket, MemFd memory, long sizeBytes, int seals)
      throws LinuxException {
    super(socket, Kind.FILE, memory);
    this.memory = memory;
    this.sizeBytes = sizeBytes;
    this.seals = seals;
    map();
  }

  /** Zeros, sealed against shrinking and where asked for against growing. */
  static HostFile make(HostSocket socket, long sizeBytes, boolean sealed) throws IOException {
    MemFd memory = MemFd.growable("lodge-" + socket.name(), sizeBytes);
    try {
      int seals = SEAL_SHRINK | (sealed ? SEAL_GROW : 0);
      memory.seal(seals);
      return new HostFile(socket, memory, sizeBytes, seals);
    } catch (IOException e) {
      memory.close();
      throw e;
    }
  }

  private void map() throws LinuxException {
    mapping = sizeBytes == 0 ? null : SharedMapping.of(memory, 0, sizeBytes);
  }

  private void unmap() {
    if (mapping != null) {
      mapping.close();
      mapping = null;
    }
  }

  @Override
  public synchronized void takeRows(
      long offset, long stride, int rowBytes, int rows, ByteBuffer packed) {
    long last = offset + stride * (rows - 1);
    if (mapping == null || last < offset || last > sizeBytes - rowBytes) {
      errno = EFBIG;
      return;
    }
    MemorySegment from = MemorySegment.ofBuffer(packed);
    if (stride == rowBytes) {
      copy(from, 0, offset, (long) rowBytes * rows);
    } else {
      for (int row = 0; row < rows; row++) {
        copy(from, (long) row * rowBytes, offset + row * stride, rowBytes);
      }
    }
    packed.position(packed.position() + rowBytes * rows);
  }

  private void copy(MemorySegment from, long at, long to, long bytes) {
    MemorySegment.copy(from, at, mapping.segment(), to, bytes);
  }

  /**
   * Reads rows as far as the file goes.
   *
   * @return how many bytes
   */
  synchronized long read(long offset, long stride, int rowBytes, int rows, ByteBuffer into) {
    long done = 0;
    for (int row = 0; row < rows; row++) {
      long at = offset + row * stride;
      int count = Math.clamp(sizeBytes - at, 0, rowBytes);
      if (mapping == null || count == 0) {
        return done;
      }
      into.put(mapping.segment().asSlice(at, count).asByteBuffer());
      done += count;
    }
    return done;
  }

  @Override
  public synchronized void resize(long largerBytes) throws IOException {
    if (largerBytes < sizeBytes || (seals & SEAL_GROW) != 0) {
      throw new IllegalArgumentException(
          "%s of %d bytes can't get %d".formatted(this, sizeBytes, largerBytes));
    }
    memory.resize(largerBytes);
    sizeBytes = largerBytes;
    unmap();
    map();
  }

  @Override
  public synchronized void seal(int more) throws IOException {
    if ((more & SEAL_WRITE) != 0) {
      unmap();
    }
    memory.seal(more);
    seals |= more;
  }

  @Override
  synchronized void release() {
    unmap();
    memory.close();
  }

  @Override
  public synchronized long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public synchronized int seals() {
    return seals;
  }

  @Override
  public boolean writable() {
    return true;
  }
}
