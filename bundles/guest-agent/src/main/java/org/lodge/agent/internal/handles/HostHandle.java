package org.lodge.agent.internal.handles;

import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.agent.handles.Handle;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;

/** A descriptor of this process. Those without further use are of this class itself. */
class HostHandle implements Handle {
  final HostSocket socket;
  private final Kind kind;
  private final AtomicBoolean closed = new AtomicBoolean();

  /** What the server gets; null for what is never passed on. */
  private final Fd passable;

  volatile int errno;

  /** It was taken from the share of its connection. */
  volatile boolean counted;

  HostHandle(HostSocket socket, Kind kind, Fd passable) {
    this.socket = socket;
    this.kind = kind;
    this.passable = passable;
  }

  /** A descriptor for the server, which whoever sends it closes; null where there is none. */
  Fd toPass() throws LinuxException {
    return passable == null || closed.get() ? null : passable.duplicate();
  }

  /** Nobody here uses it any more. What the server has of it stays. */
  void release() {
    if (passable != null) {
      passable.close();
    }
  }

  @Override
  public final Kind kind() {
    return kind;
  }

  @Override
  public final HostSocket connection() {
    return socket;
  }

  @Override
  public final OptionalInt failure() {
    return errno == 0 ? OptionalInt.empty() : OptionalInt.of(errno);
  }

  final boolean isClosed() {
    return closed.get();
  }

  @Override
  public final void close() {
    if (closed.compareAndSet(false, true)) {
      socket.closed(this);
      release();
    }
  }

  @Override
  public String toString() {
    return "%s of %s".formatted(kind, socket.name());
  }
}
