package org.lodge.agent.internal.handles;

import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.agent.handles.Handle;

/** A handle by its number. Those without further use are of this class itself. */
class FarHandle implements Handle {
  final FarSocket socket;
  final int id;
  private final Kind kind;
  private volatile int errno;
  private final AtomicBoolean closed = new AtomicBoolean();

  FarHandle(FarSocket socket, int id, Kind kind) {
    this.socket = socket;
    this.id = id;
    this.kind = kind;
  }

  @Override
  public final Kind kind() {
    return kind;
  }

  @Override
  public final FarSocket connection() {
    return socket;
  }

  final boolean isOfHost() {
    return id < 0;
  }

  final boolean isClosed() {
    return closed.get();
  }

  /** The agent has failed with this handle. */
  void failed(int newErrno) {
    errno = newErrno;
  }

  @Override
  public final OptionalInt failure() {
    return errno == 0 ? OptionalInt.empty() : OptionalInt.of(errno);
  }

  /** No thread shall wait for it any more. */
  void ended() {}

  @Override
  public final void close() {
    if (closed.compareAndSet(false, true)) {
      ended();
      socket.closed(this);
    }
  }

  @Override
  public String toString() {
    return "%s %08x of %s".formatted(kind, id, socket.name());
  }
}
