package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lodge.agent.handles.FileHandle;
import org.lodge.lane.LaneSlot;

/** A file in a guest. */
final class FarFile extends FarHandle implements FileHandle, RowTarget {
  private static final int ALTER_BYTES = 16;
  private static final long KEEP_SIZE = -1;

  private final boolean writable;
  private volatile long sizeBytes;
  private volatile int seals;

  FarFile(FarSocket socket, int id, long sizeBytes, int seals, boolean writable) {
    super(socket, id, Kind.FILE);
    this.sizeBytes = sizeBytes;
    this.seals = seals;
    this.writable = writable;
  }

  @Override
  public long sizeBytes() {
    return sizeBytes;
  }

  @Override
  public int seals() {
    return seals;
  }

  @Override
  public boolean writable() {
    return writable;
  }

  @Override
  public void resize(long newSizeBytes) throws IOException {
    requireOfHost();
    if (newSizeBytes < sizeBytes || (seals & SEAL_GROW) != 0) {
      throw new IllegalArgumentException(
          "%s of %d bytes can't get %d".formatted(this, sizeBytes, newSizeBytes));
    }
    sizeBytes = newSizeBytes;
    alter(newSizeBytes, 0);
  }

  @Override
  public void seal(int more) throws IOException {
    requireOfHost();
    seals |= more;
    alter(KEEP_SIZE, more);
  }

  private void requireOfHost() {
    if (!isOfHost()) {
      throw new IllegalArgumentException(this + " was not made by the host");
    }
  }

  private void alter(long size, int more) throws IOException {
    ByteBuffer body = ByteBuffer.allocate(ALTER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    socket.output(this).hold(Frame.ALTER, id, 0, body.putLong(size).putInt(more).putInt(0).flip());
  }

  @Override
  public void takeRows(long offset, long stride, int rowBytes, int rows, ByteBuffer packed)
      throws IOException {
    socket.output(this).writeRowsInPlace(id, offset, stride, rowBytes, rows, packed);
  }

  @Override
  public boolean takeSectors(long offset, int rowBytes, LaneSlot slot) throws IOException {
    if (!socket.mayRead(slot)) {
      return false;
    }
    socket.output(this).laneRow(Frame.LANE_WRITE, id, 0, offset, rowBytes, slot.position());
    return true;
  }
}
