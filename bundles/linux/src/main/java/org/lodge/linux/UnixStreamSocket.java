package org.lodge.linux;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.lodge.linux.internal.Ancillary;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.Poll;
import org.lodge.linux.internal.UnixSockets;

/**
 * A connected Unix stream socket over which descriptors travel with bytes ({@code unix(7)}).
 *
 * <p>Not junixsocket's: its close shuts the connection down, which a duplicate in the descriptor
 * store would not survive; and it can't peek nor limit a write's time.
 *
 * <p>One thread may receive while one sends. Receiving never blocks: wait with {@link Epoll} or
 * {@link #awaitReadable}. Closing does not shut the connection down, so a duplicate held elsewhere
 * lives on.
 */
public final class UnixStreamSocket extends Fd {
  /** Returned when the peer has closed and all was read. */
  public static final int END_OF_STREAM = -1;

  /** Returned when nothing is there to read now. */
  public static final int NOTHING_YET = -2;

  private final Ancillary in = new Ancillary();
  private final Ancillary out = new Ancillary();

  UnixStreamSocket(int number) {
    super(number);
  }

  private UnixStreamSocket(Fd source) {
    super(source);
  }

  /** Connects to a listening path, at most 107 bytes long. */
  public static UnixStreamSocket connect(Path path) throws LinuxException {
    return new UnixStreamSocket(UnixSockets.connect(path));
  }

  /**
   * As {@link #connect}, without waiting.
   *
   * @throws LinuxException with {@code EAGAIN} where too many others wait there to be accepted
   */
  public static UnixStreamSocket connectNow(Path path) throws LinuxException {
    return new UnixStreamSocket(UnixSockets.connectNow(path));
  }

  /** Takes over a connected socket, such as one from the descriptor store. */
  public static UnixStreamSocket adopt(Fd source) {
    return new UnixStreamSocket(source);
  }

  public PeerCredentials peerCredentials() throws LinuxException {
    enter();
    try {
      return UnixSockets.peer(raw());
    } finally {
      leave();
    }
  }

  /**
   * Takes bytes, and the descriptors that came with them.
   *
   * @param into as many bytes as fit; at least 1
   * @param descriptors gets and owns each descriptor, also when this call throws afterwards
   * @return the count, {@link #END_OF_STREAM} or {@link #NOTHING_YET}
   */
  public int receive(MemorySegment into, Consumer<Fd> descriptors) throws LinuxException {
    return receive(into, Ancillary.MSG_DONTWAIT, descriptors);
  }

  /**
   * As {@link #receive}, but leaves all in the socket: the same bytes come again, and with them new
   * descriptors of the same files.
   */
  public int peek(MemorySegment into, Consumer<Fd> descriptors) throws LinuxException {
    return receive(into, Ancillary.MSG_DONTWAIT | Ancillary.MSG_PEEK, descriptors);
  }

  private int receive(MemorySegment into, int flags, Consumer<Fd> descriptors)
      throws LinuxException {
    enter();
    try {
      int count =
          in.receive(
              raw(), into.address(), into.byteSize(), flags, n -> descriptors.accept(Fd.adopt(n)));
      if (count == -LinuxException.EAGAIN || count == -LinuxException.EINTR) {
        return NOTHING_YET;
      }
      if (count == 0 || count == -LinuxException.ECONNRESET) {
        return END_OF_STREAM;
      }
      if (count < 0) {
        throw new LinuxException("recvmsg " + this, -count, "the connection failed");
      }
      return count;
    } finally {
      leave();
    }
  }

  /**
   * Waits until {@link #receive} has something to say.
   *
   * @return false if the time ran out
   */
  public boolean awaitReadable(int timeoutMillis) throws LinuxException {
    enter();
    try {
      return Poll.readable(raw(), timeoutMillis);
    } finally {
      leave();
    }
  }

  /**
   * Sends all bytes; the descriptors, at most 253, go with the first and stay the caller's.
   *
   * @param timeoutMillis how long the peer may leave its side unread
   * @throws LinuxException with {@code EAGAIN} if the peer does not read in time, with {@code
   *     EPIPE} if it has closed; part of the bytes may have gone then
   */
  public void send(MemorySegment bytes, int timeoutMillis, List<? extends Fd> descriptors)
      throws LinuxException {
    enter();
    try {
      int[] numbers = descriptors.stream().mapToInt(Fd::number).toArray();
      long done = 0;
      while (done < bytes.byteSize()) {
        int count = out.send(raw(), bytes.address() + done, bytes.byteSize() - done, numbers);
        if (count > 0) {
          done += count;
          numbers = new int[0];
        } else if (count == -LinuxException.EAGAIN) {
          if (!Poll.writable(raw(), timeoutMillis)) {
            throw new LinuxException(
                "sendmsg " + this, -count, "the peer has not read for " + timeoutMillis + " ms");
          }
        } else if (count != -LinuxException.EINTR) {
          throw new LinuxException("sendmsg " + this, -count, "the connection failed");
        }
      }
    } finally {
      leave();
    }
  }

  /**
   * Sends what the socket takes now; descriptors, at most 253, go with the first byte and stay the
   * caller's.
   *
   * @return how many bytes, or {@link #NOTHING_YET}
   * @throws LinuxException with {@code EPIPE} if the peer has closed
   */
  public int sendNow(MemorySegment bytes, List<? extends Fd> descriptors) throws LinuxException {
    enter();
    try {
      int[] numbers = descriptors.stream().mapToInt(Fd::number).toArray();
      int count = out.send(raw(), bytes.address(), bytes.byteSize(), numbers);
      if (count == -LinuxException.EAGAIN || count == -LinuxException.EINTR) {
        return NOTHING_YET;
      }
      if (count < 0) {
        throw new LinuxException("sendmsg " + this, -count, "the connection failed");
      }
      return count;
    } finally {
      leave();
    }
  }

  /** Lets the peer read an end of stream once it has read what was sent. */
  public void shutdownOutput() {
    if (tryEnter()) {
      try {
        LibC.shutdown(raw(), LibC.SHUT_WR);
      } finally {
        leave();
      }
    }
  }
}
