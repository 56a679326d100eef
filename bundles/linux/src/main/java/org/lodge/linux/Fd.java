package org.lodge.linux;

import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.linux.internal.LibC;

/**
 * An owned file descriptor, closed exactly once, and never while a call of another thread is using
 * it: the number returns to the kernel when the last call has left, so it can't have come to mean
 * another file in between.
 *
 * <p>Thread-safe. Every descriptor is close-on-exec.
 */
public class Fd implements AutoCloseable {
  private static final int CLOSED = 1 << 31;

  private final int number;
  private final AtomicInteger users = new AtomicInteger();

  /** Takes ownership of a raw descriptor number; nobody else may close it. */
  protected Fd(int number) {
    if (number < 0) {
      throw new IllegalArgumentException("not a descriptor: " + number);
    }
    this.number = number;
  }

  /** Takes ownership of the given descriptor; the source must not be used again. */
  protected Fd(Fd source) {
    this(source.release());
  }

  /** Takes ownership of a raw descriptor number; nobody else may close it. */
  public static Fd adopt(int number) {
    return new Fd(number);
  }

  /**
   * The number, for messages and for system calls made by types of this bundle.
   *
   * @throws IllegalStateException if this is closed
   */
  public final int number() {
    if (users.get() < 0) {
      throw new IllegalStateException(this + " is closed");
    }
    return number;
  }

  public final boolean isOpen() {
    return users.get() >= 0;
  }

  /** A second descriptor of the same open file, with an owner of its own. */
  public final Fd duplicate() throws LinuxException {
    enter();
    try {
      int copy = LibC.fcntl(number, LibC.F_DUPFD_CLOEXEC, 3);
      if (copy < 0) {
        throw LibC.failure("dup " + this);
      }
      return new Fd(copy);
    } finally {
      leave();
    }
  }

  /** What the kernel knows of the open file now; sizes of others' files may change at any time. */
  public final FileStatus status() throws LinuxException {
    enter();
    try {
      return FileStatus.of(number);
    } finally {
      leave();
    }
  }

  /**
   * Begins a call that uses the number; {@link #leave} ends it.
   *
   * @return false if this is closed; the number must not be used then
   */
  protected final boolean tryEnter() {
    int seen = users.get();
    while (seen >= 0) {
      if (users.compareAndSet(seen, seen + 1)) {
        return true;
      }
      seen = users.get();
    }
    return false;
  }

  /**
   * As {@link #tryEnter}.
   *
   * @throws IllegalStateException if this is closed
   */
  protected final void enter() {
    if (!tryEnter()) {
      throw new IllegalStateException(this + " is closed");
    }
  }

  protected final void leave() {
    if (users.decrementAndGet() == CLOSED) {
      LibC.close(number);
    }
  }

  /**
   * As {@link #tryEnter} while another call is running, also where this is closed: the number is
   * still ours for that long.
   */
  protected final boolean tryEnterBeside() {
    int seen = users.get();
    while ((seen & ~CLOSED) != 0) {
      if (users.compareAndSet(seen, seen + 1)) {
        return true;
      }
      seen = users.get();
    }
    return false;
  }

  /** Whether a call is running. */
  protected final boolean inUse() {
    return (users.get() & ~CLOSED) != 0;
  }

  /** The number without the check, for a call between {@link #enter} and {@link #leave}. */
  protected final int raw() {
    return number;
  }

  /** Gives the ownership away without closing. */
  final int release() {
    if (!users.compareAndSet(0, CLOSED)) {
      throw new IllegalStateException(this + " is closed or in use");
    }
    return number;
  }

  /** Closes now, or when the last running call ends. Later calls do nothing. */
  @Override
  public void close() {
    int seen = users.get();
    while (seen >= 0) {
      if (users.compareAndSet(seen, seen | CLOSED)) {
        if (seen == 0) {
          LibC.close(number);
        }
        return;
      }
      seen = users.get();
    }
  }

  @Override
  public String toString() {
    return getClass().getSimpleName() + " " + number;
  }
}
