package org.lodge.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.lodge.linux.internal.EventCalls;
import org.lodge.linux.internal.LibC;

/**
 * Waits for many descriptors at once ({@code epoll(7)}, level triggered). One thread waits and
 * reads the events of its last wait; any thread may add and remove. Nothing is allocated per wait.
 */
public final class Epoll extends Fd {
  public static final int READABLE = 0x1;
  public static final int WRITABLE = 0x4;
  public static final int ERROR = 0x8;
  public static final int HANGUP = 0x10;

  private static final int EPOLL_CLOEXEC = 0x80000;
  private static final int ADD = 1;
  private static final int REMOVE = 2;
  private static final int CHANGE = 3;

  /** {@code struct epoll_event} is packed on x86-64 alone. */
  private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");

  private static final int EVENT_BYTES = PACKED ? 12 : 16;
  private static final int TOKEN_OFFSET = PACKED ? 4 : 8;
  private static final ValueLayout.OfLong TOKEN = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final int MAX_EVENTS = 64;

  private final MemorySegment events = Arena.ofAuto().allocate(EVENT_BYTES * MAX_EVENTS, 8);

  private Epoll(int number) {
    super(number);
  }

  public static Epoll create() throws LinuxException {
    int number = LibC.epoll_create1(EPOLL_CLOEXEC);
    if (number < 0) {
      throw LibC.failure("epoll_create1");
    }
    return new Epoll(number);
  }

  /**
   * Watches a descriptor. It must be removed before it is closed: while another descriptor of the
   * same open file lives, closing alone does not end the watch.
   *
   * @param token given back by {@link #token} with each event
   */
  public void add(Fd fd, int interest, long token) throws LinuxException {
    control(ADD, fd, interest, token);
  }

  /** Watches a descriptor that is watched already for something else. */
  public void change(Fd fd, int interest, long token) throws LinuxException {
    control(CHANGE, fd, interest, token);
  }

  public void remove(Fd fd) throws LinuxException {
    control(REMOVE, fd, 0, 0);
  }

  private void control(int operation, Fd fd, int interest, long token) throws LinuxException {
    enter();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment event = arena.allocate(EVENT_BYTES, 8);
      event.set(ValueLayout.JAVA_INT, 0, interest);
      event.set(TOKEN, TOKEN_OFFSET, token);
      if (LibC.epoll_ctl(raw(), operation, fd.number(), event.address()) != 0) {
        throw LibC.failure("epoll_ctl " + fd);
      }
    } finally {
      leave();
    }
  }

  /**
   * Waits for events.
   *
   * @param timeoutMillis limit; negative waits for ever
   * @return how many there are; 0 if the time ran out or a signal came
   */
  public int await(int timeoutMillis) throws LinuxException {
    enter();
    try {
      int count = EventCalls.epollWait(raw(), events.address(), MAX_EVENTS, timeoutMillis);
      if (count >= 0) {
        return count;
      }
      // Interrupted, or the reason is told the second time.
      count = LibC.epoll_wait(raw(), events.address(), MAX_EVENTS, 0);
      if (count < 0 && LibC.errno() != LinuxException.EINTR) {
        throw LibC.failure("epoll_wait");
      }
      return Math.max(0, count);
    } finally {
      leave();
    }
  }

  /** The token of an event of the last wait. */
  public long token(int index) {
    return events.get(TOKEN, (long) index * EVENT_BYTES + TOKEN_OFFSET);
  }

  /** What has happened: {@link #READABLE} and its kin, or-ed. */
  public int ready(int index) {
    return events.get(ValueLayout.JAVA_INT_UNALIGNED, (long) index * EVENT_BYTES);
  }
}
