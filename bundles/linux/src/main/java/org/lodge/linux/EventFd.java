package org.lodge.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lodge.linux.internal.EventCalls;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.Poll;

/**
 * An event counter ({@code eventfd(2)}): one side adds to it, the other side waits until it is not
 * zero and takes all of it. Signal and drain allocate nothing.
 */
public final class EventFd extends Fd {
  private static final int EFD_CLOEXEC = 0x80000;
  private static final int EFD_NONBLOCK = 0x800;
  private static final MemorySegment ONE = Arena.global().allocate(8, 8);

  static {
    ONE.set(ValueLayout.JAVA_LONG, 0, 1);
  }

  /** One scratch cell for each drain; its value is of no interest to anyone. */
  private static final MemorySegment SCRATCH = Arena.global().allocate(8, 8);

  private EventFd(int number) {
    super(number);
  }

  private EventFd(Fd source) {
    super(source);
  }

  /** A new counter at zero whose reads never block. */
  public static EventFd create() throws LinuxException {
    int number = LibC.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (number < 0) {
      throw LibC.failure("eventfd");
    }
    return new EventFd(number);
  }

  /**
   * Takes over a descriptor received from elsewhere. Its file is switched to non-blocking, so a
   * peer that fills the counter can't hold a thread of ours.
   *
   * @throws LinuxException with {@code EINVAL} if it is no event counter; it is closed then
   */
  public static EventFd adopt(Fd source) throws LinuxException {
    EventFd adopted = new EventFd(source);
    if (!adopted.isEventCounter()) {
      adopted.close();
      throw new LinuxException("adopt " + adopted, LinuxException.EINVAL, "it is no eventfd");
    }
    int flags = LibC.fcntl(adopted.raw(), LibC.F_GETFL, 0);
    if (flags < 0 || LibC.fcntl(adopted.raw(), LibC.F_SETFL, flags | LibC.O_NONBLOCK) < 0) {
      LinuxException failure = LibC.failure("fcntl " + adopted);
      adopted.close();
      throw failure;
    }
    return adopted;
  }

  private boolean isEventCounter() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/self/fd/" + raw()))
          .toString()
          .equals("anon_inode:[eventfd]");
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Adds one.
   *
   * @return false if this is closed or the descriptor does not take the write; a full counter is a
   *     success, because the other side has an event to see
   */
  public boolean signal() {
    if (!tryEnter()) {
      return false;
    }
    try {
      return EventCalls.write(raw(), ONE.address())
          || LibC.write(raw(), ONE.address(), 8) == 8
          || LibC.errno() == LinuxException.EAGAIN;
    } finally {
      leave();
    }
  }

  /**
   * Takes the whole count.
   *
   * @return false if it was zero or this is closed
   */
  public boolean drain() {
    if (!tryEnter()) {
      return false;
    }
    try {
      return EventCalls.read(raw(), SCRATCH.address());
    } finally {
      leave();
    }
  }

  /**
   * Waits for a count and takes it.
   *
   * @param timeoutMillis limit; negative waits for ever
   * @return false if the time ran out or this is closed
   */
  public boolean await(int timeoutMillis) throws LinuxException {
    if (!tryEnter()) {
      return false;
    }
    try {
      return Poll.readable(raw(), timeoutMillis) && drain();
    } finally {
      leave();
    }
  }
}
