package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.lodge.agent.handles.FileHandle;
import org.lodge.linux.Fd;
import org.lodge.linux.FileFd;
import org.lodge.linux.TreeScratch;

/** A file that a server of this host sent. It is read, never mapped: its owner may shorten it. */
final class GivenFile extends HostHandle implements FileHandle {
  private final FileFd file;
  private final long sizeBytes;

  GivenFile(HostSocket socket, Fd file, long untrustedSizeBytes) {
    super(socket, Kind.FILE, null);
    this.file = FileFd.adopt(file);
    this.sizeBytes = untrustedSizeBytes;
  }

  /**
   * Reads rows as far as the file goes.
   *
   * @return how many bytes
   */
  long read(long offset, long stride, int rowBytes, int rows, ByteBuffer into) {
    TreeScratch scratch = new TreeScratch();
    long done = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment room = arena.allocate(rowBytes);
      for (int row = 0; row < rows; row++) {
        scratch.vector().clear();
        scratch.vector().add(room.address(), rowBytes);
        long count = file.read(scratch, scratch.vector(), offset + row * stride);
        if (count <= 0) {
          errno = (int) -count;
          return done;
        }
        into.put(room.asSlice(0, count).asByteBuffer());
        done += count;
      }
    }
    return done;
  }

  @Override
  void release() {
    file.close();
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int seals() {
    return 0;
  }

  @Override
  public boolean writable() {
    return false;
  }

  @Override
  public void resize(long largerBytes) throws IOException {
    throw new IllegalArgumentException(this + " was not made by the host");
  }

  @Override
  public void seal(int more) throws IOException {
    throw new IllegalArgumentException(this + " was not made by the host");
  }
}
