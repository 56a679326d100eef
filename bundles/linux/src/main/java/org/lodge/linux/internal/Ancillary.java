package org.lodge.linux.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntConsumer;
import org.lodge.linux.LinuxException;

/**
 * Bytes and descriptors over a Unix socket: {@code sendmsg(2)}, {@code recvmsg(2)} with {@code
 * SCM_RIGHTS} ({@code unix(7)}). One owner uses an instance at a time.
 */
public final class Ancillary {
  public static final int MSG_PEEK = 2;
  public static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_CTRUNC = 8;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;

  /** The kernel's own limit of descriptors in one message. */
  public static final int MAX_DESCRIPTORS = 253;

  private static final int CMSG_HEADER_BYTES = 16;
  private static final int CONTROL_BYTES = CMSG_HEADER_BYTES + (MAX_DESCRIPTORS * 4 + 7) / 8 * 8;
  private static final int MSGHDR_BYTES = 56;
  private static final int IOVEC = 56;
  private static final int CONTROL = 72;

  private final MemorySegment scratch = Arena.ofAuto().allocate(CONTROL + CONTROL_BYTES, 8);
  private final MemorySegment control = scratch.asSlice(CONTROL);

  private void prepare(long address, long sizeBytes, long controlBytes) {
    scratch.asSlice(0, MSGHDR_BYTES).fill((byte) 0);
    scratch.set(ValueLayout.JAVA_LONG, 16, scratch.address() + IOVEC);
    scratch.set(ValueLayout.JAVA_LONG, 24, 1);
    scratch.set(ValueLayout.JAVA_LONG, 32, controlBytes == 0 ? 0 : control.address());
    scratch.set(ValueLayout.JAVA_LONG, 40, controlBytes);
    scratch.set(ValueLayout.JAVA_LONG, IOVEC, address);
    scratch.set(ValueLayout.JAVA_LONG, IOVEC + 8, sizeBytes);
  }

  /**
   * Receives.
   *
   * @param descriptors gets each descriptor received; it owns them at once, whatever happens
   * @return the count of bytes, 0 at the end of the stream, or the negated error number
   * @throws LinuxException if the process has no room for all descriptors; some are lost then
   */
  public int receive(int socket, long address, long sizeBytes, int flags, IntConsumer descriptors)
      throws LinuxException {
    prepare(address, sizeBytes, CONTROL_BYTES);
    int count = (int) LibC.recvmsg(socket, scratch.address(), flags | MSG_CMSG_CLOEXEC);
    if (count < 0) {
      return -LibC.errno();
    }
    long end = scratch.get(ValueLayout.JAVA_LONG, 40);
    long at = 0;
    while (at + CMSG_HEADER_BYTES <= end) {
      long length = control.get(ValueLayout.JAVA_LONG, at);
      boolean rights =
          control.get(ValueLayout.JAVA_INT, at + 8) == SOL_SOCKET
              && control.get(ValueLayout.JAVA_INT, at + 12) == SCM_RIGHTS;
      for (long d = CMSG_HEADER_BYTES; rights && d + 4 <= length; d += 4) {
        descriptors.accept(control.get(ValueLayout.JAVA_INT, at + d));
      }
      at += Math.max(CMSG_HEADER_BYTES, (length + 7) / 8 * 8);
    }
    if ((scratch.get(ValueLayout.JAVA_INT, 48) & MSG_CTRUNC) != 0) {
      throw new LinuxException(
          "recvmsg " + socket, 24, "descriptors were lost; raise the open files limit");
    }
    return count;
  }

  /**
   * Sends what the socket takes now; descriptors go with the first byte.
   *
   * @return the count of bytes, or the negated error number
   */
  public int send(int socket, long address, long sizeBytes, int[] descriptors) {
    long controlBytes = 0;
    if (descriptors.length > 0) {
      long length = CMSG_HEADER_BYTES + 4L * descriptors.length;
      controlBytes = (length + 7) / 8 * 8;
      control.set(ValueLayout.JAVA_LONG, 0, length);
      control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
      control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
      for (int i = 0; i < descriptors.length; i++) {
        control.set(ValueLayout.JAVA_INT, CMSG_HEADER_BYTES + 4L * i, descriptors[i]);
      }
    }
    prepare(address, sizeBytes, controlBytes);
    int count = (int) LibC.sendmsg(socket, scratch.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return count < 0 ? -LibC.errno() : count;
  }
}
