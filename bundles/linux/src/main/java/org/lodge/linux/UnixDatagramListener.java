package org.lodge.linux;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.lodge.linux.internal.Ancillary;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.UnixSockets;

/**
 * A Unix socket that receives whole messages with descriptors ({@code unix(7)}, {@code
 * SOCK_DGRAM}). Whoever may write to its file may send: the process's own user and root.
 *
 * <p>One thread at a time.
 */
public final class UnixDatagramListener extends Fd {
  public static final int NOTHING_YET = -1;

  private final Ancillary ancillary = new Ancillary();

  private UnixDatagramListener(int number) {
    super(number);
  }

  /** Makes the socket's file, of mode 0600 from its first moment; it must not exist. */
  public static UnixDatagramListener bind(Path path) throws LinuxException {
    return new UnixDatagramListener(UnixSockets.bindPrivateDatagram(path));
  }

  /**
   * Takes the next message without waiting. What does not fit into the buffer is lost.
   *
   * @param descriptors gets each that came with it, and owns it
   * @return the count of bytes, or {@link #NOTHING_YET}
   */
  public int receive(MemorySegment into, Consumer<Fd> descriptors) throws LinuxException {
    enter();
    try {
      int count =
          ancillary.receive(
              raw(),
              into.address(),
              into.byteSize(),
              Ancillary.MSG_DONTWAIT,
              number -> descriptors.accept(Fd.adopt(number)));
      if (count == -LinuxException.EAGAIN || count == -LinuxException.EINTR) {
        return NOTHING_YET;
      }
      if (count < 0) {
        throw LibC.failure("recvmsg " + this, -count);
      }
      return count;
    } finally {
      leave();
    }
  }
}
