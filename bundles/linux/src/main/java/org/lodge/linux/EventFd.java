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

  /** One scratch cell for each drain; its value is of no interest to anyone. */
  private static final MemorySegment SCRATCH = Arena.global().allocate(8, 8);

  private static final MemorySegment VECTOR = Arena.global().allocate(16, 8);

  static {
    ONE.set(ValueLayout.JAVA_LONG, 0, 1);
    VECTOR.set(ValueLayout.JAVA_LONG, 0, SCRATCH.address());
    VECTOR.set(ValueLayout.JAVA_LONG, 8, 8);
  }

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
   * Takes over a descriptor received from elsewhere. Its file is switched to non-blocking. A peer
   * that switches it back and fills the counter can still hold a thread in {@link #signal}: see
   * {@link #freeHeld}.
   *
   * @throws LinuxException with {@code EINVAL} if it is no event counter; it is closed then
   */
  public static EventFd adopt(Fd source) throws LinuxException {
    EventFd adopted = new EventFd(source);
    if (!adopted.isEventCounter()) {
      adopted.close();
      throw new LinuxException("adopt " + adopted, LinuxException.EINVAL, "it is no eventfd");
    }
    if (!adopted.setNonBlocking()) {
      LinuxException failure = LibC.failure("fcntl " + adopted);
      adopted.close();
      throw failure;
    }
    return adopted;
  }

  private boolean setNonBlocking() {
    int flags = LibC.fcntl(raw(), LibC.F_GETFL, 0);
    return flags >= 0 && LibC.fcntl(raw(), LibC.F_SETFL, flags | LibC.O_NONBLOCK) >= 0;
  }

  /**
   * Frees the threads that a peer holds in {@link #signal}, by taking the count: the kernel has no
   * write to an eventfd that never waits, whatever the file's flag says. Also for a closed one,
   * which such a thread keeps open. The peer may fill the counter again before the thread is out,
   * so this may have to be repeated.
   *
   * @return whether a call is running while the counter is full, which no honest peer lets happen
   */
  public boolean freeHeld() {
    if (!tryEnterBeside()) {
      return false;
    }
    try {
      if (Poll.writable(raw(), 0)) {
        return false;
      }
      setNonBlocking();
      EventCalls.read(raw(), VECTOR.address());
      return true;
    } catch (LinuxException e) {
      return false;
    } finally {
      leave();
    }
  }

  /** Whether a call is running, even if this is closed. */
  public boolean isCalled() {
    return inUse();
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
   * Takes the whole count, and never waits for one: a peer may make the file blocking again.
   *
   * @return false if it was zero or this is closed
   */
  public boolean drain() {
    if (!tryEnter()) {
      return false;
    }
    try {
      return EventCalls.read(raw(), VECTOR.address());
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
