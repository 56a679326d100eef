package org.lodge.vsock.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.linux.IoVector;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixByteSocket;
import org.lodge.vsock.link.Payload;

/** Writes payload to sockets, straight from where it lies if that can be. One for each thread. */
final class SocketOutput {
  private static final int COPY_BYTES = 16 << 10;
  private static final ThreadLocal<SocketOutput> MINE = ThreadLocal.withInitial(SocketOutput::new);

  private final IoVector list = new IoVector();
  private final MemorySegment copy = Arena.ofAuto().allocate(COPY_BYTES);

  private SocketOutput() {}

  static SocketOutput mine() {
    return MINE.get();
  }

  /**
   * @return how many bytes went, maybe fewer than could; or {@link UnixByteSocket#NOT_NOW}
   */
  int write(UnixByteSocket to, Payload payload, int offset, int length) throws LinuxException {
    list.clear();
    if (!payload.addTo(list, offset, length)) {
      int part = Math.min(length, COPY_BYTES);
      payload.copy(offset, copy, 0, part);
      list.clear();
      list.add(copy.address(), part);
    }
    return to.write(list);
  }

  int write(UnixByteSocket to, byte[] bytes) throws LinuxException {
    MemorySegment.copy(bytes, 0, copy, ValueLayout.JAVA_BYTE, 0, bytes.length);
    list.clear();
    list.add(copy.address(), bytes.length);
    return to.write(list);
  }
}
