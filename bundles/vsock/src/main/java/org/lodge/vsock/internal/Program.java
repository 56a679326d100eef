package org.lodge.vsock.internal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodge.linux.Epoll;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixByteSocket;
import org.lodge.vsock.internal.Deadlines.Deadline;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.Payload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program of the host at the other end of a connection with a guest.
 *
 * <p>Threads: that of {@link HybridSocket} reads the socket; the guest's bytes are written by
 * whoever has them. Locks: this object's monitor orders what is read and given to the guest; {@code
 * watching} guards what is waited for, and is the last to be taken.
 */
final class Program implements Peer {
  private static final Logger LOG = LoggerFactory.getLogger(Program.class);
  private static final Pattern CONNECT = Pattern.compile("CONNECT (\\d{1,10})\r?");
  private static final int LINE_BYTES_MAX = 32;
  private static final int READS_PER_TURN = 4;
  private static final byte[] NOTHING_LEFT = {};

  final long token;
  final UnixByteSocket socket;
  private final HybridSocket of;
  private final StringBuilder line = new StringBuilder();
  private volatile Stream stream;
  private volatile Deadline limit;
  private volatile boolean answered;
  private volatile boolean inputOver;
  private volatile boolean outputOver;
  private volatile boolean broken;

  /** What was read and the guest had no room for; nothing more is read until it is gone. */
  private volatile byte[] left = NOTHING_LEFT;

  private int leftFrom;

  private final Object watching = new Object();
  private boolean watched;
  private int awaited;
  private volatile boolean closed;

  Program(HybridSocket of, long token, UnixByteSocket socket) {
    this.of = of;
    this.token = token;
    this.socket = socket;
  }

  /** The connection, which the guest has asked for, and the host said yes to. */
  void accepted(Stream with) {
    stream = with;
    answered = true;
  }

  /**
   * The connection that the guest is asked for.
   *
   * @param limit ends it where the guest does not answer
   */
  void asking(Stream with, Deadline limit) {
    stream = with;
    this.limit = limit;
    await(Epoll.READABLE, false);
  }

  // The thread that waits for programs.

  /** Takes the line that says which port, which may be there already. */
  void greet() {
    await(Epoll.READABLE, true);
    readLine();
  }

  void serve(int events) {
    Stream to = stream;
    if (to == null) {
      readLine();
      return;
    }
    boolean hungUp = (events & (Epoll.HANGUP | Epoll.ERROR)) != 0;
    if (broken || hungUp && !answered) {
      fail();
      return;
    }
    if ((events & Epoll.WRITABLE) != 0) {
      // Before the attempt, which may come to wait again.
      await(Epoll.WRITABLE, false);
      to.pump();
    }
    if (hungUp && inputOver) {
      hangUp();
    } else if (hungUp || (events & Epoll.READABLE) != 0) {
      readOn(hungUp);
    }
  }

  /** What follows the line belongs to the guest. */
  private void readLine() {
    try {
      int count = socket.read(of.buffer);
      if (count == UnixByteSocket.NOT_NOW) {
        return;
      }
      for (int at = 0; at < count && line.length() < LINE_BYTES_MAX; at++) {
        char read = (char) (of.buffer.get(ValueLayout.JAVA_BYTE, at) & 0xff);
        if (read == '\n') {
          keep(at + 1, count);
          connect();
          return;
        }
        line.append(read);
      }
      if (count < 0 || line.length() == LINE_BYTES_MAX) {
        close();
      }
    } catch (IOException | IllegalStateException e) {
      LOG.debug("{} was not connected", this, e);
      close();
    }
  }

  private void connect() throws IOException {
    Matcher connect = CONNECT.matcher(line);
    if (!connect.matches()) {
      close();
      return;
    }
    of.endpoint.connect(Long.parseLong(connect.group(1)), this);
  }

  private void keep(int from, int to) {
    if (from < to) {
      left = of.buffer.asSlice(from, to - from).toArray(ValueLayout.JAVA_BYTE);
      leftFrom = 0;
    }
  }

  private void readOn(boolean hungUp) {
    int count = UnixByteSocket.NOT_NOW;
    try {
      for (int reads = 0; reads < READS_PER_TURN; reads++) {
        synchronized (this) {
          if (inputOver || !isEmpty()) {
            return;
          }
          count = socket.read(of.buffer);
          if (count < 0 || !give(count) || count < of.buffer.byteSize()) {
            break;
          }
        }
      }
    } catch (LinuxException e) {
      LOG.debug("{} is gone", this, e);
      fail();
    } catch (IllegalStateException e) {
      return;
    }
    if (count == UnixByteSocket.END_OF_STREAM) {
      if (hungUp) {
        hangUp();
      } else {
        endOfInput();
      }
    }
  }

  /** Gives what is in the buffer to the guest; whether it took all. */
  private boolean give(int count) {
    Payload payload =
        (offset, to, toOffset, length) ->
            MemorySegment.copy(of.buffer, offset, to, toOffset, length);
    int went = Math.max(0, stream.deliver(payload, 0, count, 0));
    stream.flushDelivered();
    keep(went, count);
    if (went < count) {
      await(Epoll.READABLE, false);
    }
    return went == count;
  }

  private void endOfInput() {
    inputOver = true;
    await(Epoll.READABLE, false);
    stream.shutdownOutput();
    closeWhereOver();
  }

  /** The program has closed; it does not take what the guest may still send. */
  private void hangUp() {
    inputOver = true;
    outputOver = true;
    closeWhereOver();
  }

  // Whoever serves the guest.

  @Override
  public void answered() {
    limit.cancel();
    byte[] ok = "OK %d\n".formatted(stream.hostPort()).getBytes(StandardCharsets.US_ASCII);
    try {
      if (SocketOutput.mine().write(socket, ok) != ok.length) {
        fail();
      }
      answered = true;
    } catch (LinuxException | IllegalStateException e) {
      LOG.debug("{} is gone", this, e);
      fail();
    }
  }

  @Override
  public int deliver(Payload payload, int offset, int length, int messageFlags) {
    if (closed || broken || outputOver) {
      return GuestEnd.NOTHING;
    }
    try {
      int went = SocketOutput.mine().write(socket, payload, offset, length);
      if (went < length) {
        await(Epoll.WRITABLE, true);
      }
      return went == UnixByteSocket.NOT_NOW ? GuestEnd.NOTHING : went;
    } catch (LinuxException e) {
      // Ends on the other thread, as the caller holds a lock.
      LOG.debug("{} takes no more", this, e);
      broken = true;
      await(Epoll.WRITABLE, true);
    } catch (IllegalStateException e) {
      LOG.trace("{} was closed meanwhile", this, e);
    }
    return GuestEnd.NOTHING;
  }

  @Override
  public void flushDelivered() {}

  @Override
  public synchronized void pump() {
    if (!answered || closed) {
      return;
    }
    byte[] bytes = left;
    if (bytes.length > 0) {
      Payload payload =
          (offset, to, toOffset, length) ->
              MemorySegment.copy(bytes, offset, to, ValueLayout.JAVA_BYTE, toOffset, length);
      int went = stream.deliver(payload, leftFrom, bytes.length - leftFrom, 0);
      stream.flushDelivered();
      leftFrom += Math.max(0, went);
      if (leftFrom < bytes.length) {
        return;
      }
      left = NOTHING_LEFT;
    }
    await(Epoll.READABLE, !inputOver);
  }

  @Override
  public boolean isGone() {
    return closed;
  }

  @Override
  public boolean isEmpty() {
    return left.length == 0;
  }

  @Override
  public void endOutput() {
    if (!outputOver) {
      outputOver = true;
      socket.shutdownOutput();
      closeWhereOver();
    }
  }

  @Override
  public void endInput() {
    if (!inputOver) {
      inputOver = true;
      left = NOTHING_LEFT;
      socket.shutdownInput();
      stream.shutdownOutput();
      closeWhereOver();
    }
  }

  @Override
  public void reset() {
    close();
  }

  private void closeWhereOver() {
    if (inputOver && outputOver && close()) {
      stream.close();
    }
  }

  private void fail() {
    if (close()) {
      stream.reset();
    }
  }

  /** Whether this was the call that closed it. */
  private boolean close() {
    synchronized (watching) {
      if (closed) {
        return false;
      }
      closed = true;
      if (watched) {
        of.remove(this);
      }
    }
    socket.close();
    of.forget(this);
    Deadline timer = limit;
    if (timer != null) {
      timer.cancel();
    }
    return true;
  }

  /**
   * Waits for an event from now on, or no more. Where nothing is awaited because bytes are left for
   * the guest, the socket is not watched: its end would be told again and again.
   */
  private void await(int event, boolean wanted) {
    synchronized (watching) {
      int events = wanted ? awaited | event : awaited & ~event;
      boolean watch = events != 0 || inputOver || !answered;
      if (closed || events == awaited && watch == watched) {
        return;
      }
      awaited = events;
      if (watched && watch) {
        of.change(this, events);
      } else if (watch) {
        of.add(this, events);
      } else if (watched) {
        of.remove(this);
      }
      watched = watch;
    }
  }

  @Override
  public String toString() {
    Stream to = stream;
    return to == null ? "a program that has not said CONNECT yet" : "a program's " + to;
  }
}
