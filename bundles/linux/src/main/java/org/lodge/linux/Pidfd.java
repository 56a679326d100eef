package org.lodge.linux;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.Poll;

/**
 * A process, held by a descriptor ({@code pidfd_open(2)}): signals and the wait for its end can't
 * hit another process that came to have the same id.
 *
 * <p>Thread-safe. To be sure that the id still meant the process one has in mind, compare its start
 * time after {@link #open} and before use.
 */
public final class Pidfd extends Fd {
  private final long pid;
  private final EventFd closing;
  private CompletableFuture<Void> exit;
  private boolean watchEnded;

  private Pidfd(int number, long pid, EventFd closing) {
    super(number);
    this.pid = pid;
    this.closing = closing;
  }

  /**
   * Takes hold of a living process, or of one that has ended and that nobody has reaped yet.
   *
   * @throws LinuxException with {@code ESRCH} if there is no such process
   */
  public static Pidfd open(long pid) throws LinuxException {
    EventFd closing = EventFd.create();
    int number = (int) LibC.syscall(LibC.PIDFD_OPEN, pid, 0, 0, 0);
    if (number < 0) {
      LinuxException failure = LibC.failure("pidfd_open " + pid);
      closing.close();
      throw failure;
    }
    return new Pidfd(number, pid, closing);
  }

  public long pid() {
    return pid;
  }

  /** Whether the process has ended. */
  public boolean hasExited() throws LinuxException {
    enter();
    try {
      return Poll.readable(raw(), 0);
    } finally {
      leave();
    }
  }

  /**
   * Completes when the process has ended, on a thread of its own that blocks in the kernel
   * meanwhile (one platform thread a watched process, no carrier of virtual threads). Dependent
   * stages run on that thread unless they are asynchronous. Closing this first completes it with a
   * {@link CancellationException}.
   *
   * <p>Cancelling or completing the returned future touches nobody else's.
   */
  public synchronized CompletableFuture<Void> onExit() {
    if (exit == null) {
      exit = new CompletableFuture<>();
      enter();
      Thread.ofPlatform().daemon().name("lodge-pidfd-" + pid).start(this::awaitExit);
    }
    return exit.copy();
  }

  private void awaitExit() {
    CancellationException closed = new CancellationException(this + " was closed");
    try {
      boolean exited = Poll.firstReadable(-1, raw(), closing.number()) == 0;
      leave();
      if (exited) {
        exit.complete(null);
      } else {
        exit.completeExceptionally(closed);
      }
    } catch (LinuxException e) {
      leave();
      exit.completeExceptionally(e);
    } finally {
      endWatch();
    }
  }

  /**
   * Sends a signal; 0 only asks whether it could be sent.
   *
   * @param signal the number as in {@code signal(7)}
   * @throws LinuxException with {@code ESRCH} if the process has ended and was reaped
   */
  public void sendSignal(int signal) throws LinuxException {
    enter();
    try {
      if (LibC.syscall(LibC.PIDFD_SEND_SIGNAL, raw(), signal, 0, 0) != 0) {
        throw LibC.failure("pidfd_send_signal " + signal + " to process " + pid);
      }
    } finally {
      leave();
    }
  }

  /** Lets go of the process without touching it; ends the wait of {@link #onExit}. */
  @Override
  public synchronized void close() {
    super.close();
    if (exit == null || watchEnded) {
      closing.close();
    } else {
      closing.signal();
    }
  }

  private synchronized void endWatch() {
    watchEnded = true;
    if (!isOpen()) {
      closing.close();
    }
  }
}
