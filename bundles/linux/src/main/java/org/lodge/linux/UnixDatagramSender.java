package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.lodge.linux.internal.Ancillary;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.Poll;
import org.lodge.linux.internal.UnixSockets;

/**
 * Sends whole messages with descriptors to a {@link UnixDatagramListener}. One thread at a time.
 */
public final class UnixDatagramSender extends Fd {
  private final Ancillary ancillary = new Ancillary();

  private UnixDatagramSender(int number) {
    super(number);
  }

  /**
   * @throws LinuxException with {@code ENOENT} or {@code ECONNREFUSED} if nobody receives there
   */
  public static UnixDatagramSender connect(Path path) throws LinuxException {
    return new UnixDatagramSender(UnixSockets.connectDatagram(path));
  }

  /**
   * Sends a message of text; the receiver gets duplicates of the descriptors.
   *
   * @param limitMillis how long to wait for room at the receiver
   * @throws LinuxException with {@code EAGAIN} if there was none
   */
  public void send(String message, List<? extends Fd> descriptors, int limitMillis)
      throws LinuxException {
    int[] numbers = descriptors.stream().mapToInt(Fd::number).toArray();
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes =
          arena.allocateFrom(ValueLayout.JAVA_BYTE, message.getBytes(StandardCharsets.UTF_8));
      int sent = ancillary.send(raw(), bytes.address(), bytes.byteSize(), numbers);
      while (sent == -LinuxException.EAGAIN && Poll.writable(raw(), limitMillis)) {
        sent = ancillary.send(raw(), bytes.address(), bytes.byteSize(), numbers);
      }
      if (sent < 0) {
        throw LibC.failure("sendmsg " + this, -sent);
      }
    } finally {
      leave();
    }
  }
}
