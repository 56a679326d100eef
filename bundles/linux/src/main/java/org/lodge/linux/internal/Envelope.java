package org.lodge.linux.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;

/**
 * A descriptor in a datagram that waits in a socket and is never read: a new socket each time, to
 * whoever keeps it.
 *
 * <p>systemd keeps an open file once. It takes no notice of one that it has already, under whatever
 * name ({@code same_fd} in its {@code fd-util.c}: by {@code kcmp(2)}, or by the inode where that is
 * not to be had, which all eventfds share). But a monitor gives the same memory with each region
 * and to each device, and the same events again and again.
 */
public final class Envelope {
  private static final int AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_TYPE = 3;
  private static final int NO_SOCKET = -1;

  private Envelope() {}

  /**
   * Puts a descriptor into an envelope; a socket of streams is duplicated as it is, so that whoever
   * keeps it sees its peer hang up. The caller owns what is returned.
   */
  static Fd seal(Fd content) throws LinuxException {
    int type = socketType(content.number());
    if (type != NO_SOCKET && type != SOCK_DGRAM) {
      return content.duplicate();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(8, 4);
      if (LibC.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.address()) != 0) {
        throw LibC.failure("socketpair");
      }
      Fd envelope = Fd.adopt(ends.get(ValueLayout.JAVA_INT, 0));
      try (Fd sender = Fd.adopt(ends.get(ValueLayout.JAVA_INT, 4))) {
        int sent =
            new Ancillary().send(sender.number(), ends.address(), 1, new int[] {content.number()});
        if (sent < 0) {
          envelope.close();
          throw LibC.failure("enclose " + content, -sent);
        }
      }
      return envelope;
    }
  }

  /**
   * Takes what an envelope holds and closes our end of it; what is none is returned as it is. The
   * content stays in it, for the next one who opens it.
   */
  public static Fd open(Fd stored) throws LinuxException {
    if (socketType(stored.number()) != SOCK_DGRAM) {
      return stored;
    }
    try (Arena arena = Arena.ofConfined();
        Fd envelope = stored) {
      List<Fd> content = new ArrayList<>();
      int count =
          new Ancillary()
              .receive(
                  envelope.number(),
                  arena.allocate(1).address(),
                  1,
                  Ancillary.MSG_PEEK | Ancillary.MSG_DONTWAIT,
                  number -> content.add(Fd.adopt(number)));
      if (count >= 0 && content.size() == 1) {
        return content.getFirst();
      }
      content.forEach(Fd::close);
      if (count < 0) {
        throw LibC.failure("open the envelope " + envelope, -count);
      }
      throw new LinuxException(
          "open the envelope " + envelope, LinuxException.ENOENT, "not one descriptor is in it");
    }
  }

  private static int socketType(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment type = arena.allocate(4, 4);
      MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, 4);
      int got = LibC.getsockopt(fd, SOL_SOCKET, SO_TYPE, type.address(), size.address());
      return got == 0 ? type.get(ValueLayout.JAVA_INT, 0) : NO_SOCKET;
    }
  }
}
