package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.linux.ByteFd;
import org.lodge.linux.Epoll;
import org.lodge.linux.Fd;

/** A pipe or socket whose one end is here. One thread reads or writes. */
final class HostPipe extends HostHandle implements PipeHandle {
  private static final int ROOM_BYTES = 4096;

  private final ByteFd ours;
  private final boolean readable;
  private final boolean writable;
  private final MemorySegment room = Arena.ofAuto().allocate(ROOM_BYTES);

  /** The end that the server gets, until it has; null where it came from the server. */
  private Fd theirs;

  HostPipe(
      HostSocket socket, Kind kind, ByteFd ours, Fd theirs, boolean readable, boolean writable) {
    super(socket, kind, null);
    this.ours = ours;
    this.theirs = theirs;
    this.readable = readable;
    this.writable = writable;
  }

  /** Once. */
  @Override
  synchronized Fd toPass() {
    Fd passed = theirs;
    theirs = null;
    return passed;
  }

  @Override
  public boolean readable() {
    return readable;
  }

  @Override
  public boolean writable() {
    return writable;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (!into.hasRemaining()) {
      return 0;
    }
    await(Epoll.READABLE);
    int count = ours.readReady(room.asSlice(0, Math.min(ROOM_BYTES, into.remaining())));
    into.put(room.asSlice(0, count).asByteBuffer());
    return count == 0 ? -1 : count;
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      await(Epoll.WRITABLE);
      int count = Math.min(ROOM_BYTES, from.remaining());
      room.asByteBuffer().put(from.slice(from.position(), count));
      from.position(from.position() + ours.writeReady(room.asSlice(0, count)));
    }
  }

  private void await(int interest) throws IOException {
    if (isClosed()) {
      throw new IOException(this + " is closed");
    }
    socket.loop().await(ours, interest);
    if (isClosed()) {
      throw new IOException(this + " is closed");
    }
  }

  @Override
  public void endOutput() {
    release();
  }

  @Override
  void release() {
    socket.loop().close(ours);
    Fd unsent = toPass();
    if (unsent != null) {
      unsent.close();
    }
  }
}
