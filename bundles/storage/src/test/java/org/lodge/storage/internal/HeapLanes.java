package org.lodge.storage.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Random;
import org.lodge.lane.LaneEnd;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;

/** Lanes in which a guest has written as much as chance wants. */
final class HeapLanes implements Lanes {
  private final Random random;

  HeapLanes(Random random) {
    this.random = random;
  }

  private final class HeapSlot implements LaneSlot {
    private final ByteBuffer bytes;
    private final int written;

    HeapSlot(int size, int written) {
      bytes = ByteBuffer.allocateDirect(size);
      this.written = written;
    }

    @Override
    public long position() {
      return SLOT_BYTES;
    }

    @Override
    public int writtenBytes() {
      return written;
    }

    @Override
    public boolean isWhole() {
      return written == bytes.capacity();
    }

    @Override
    public boolean use(Use use) throws IOException {
      use.with(bytes.duplicate());
      return true;
    }

    @Override
    public boolean handTo(String reader) {
      return true;
    }

    @Override
    public boolean isOver() {
      return false;
    }

    @Override
    public void close() {}
  }

  private Optional<LaneSlot> slot(int size, int written) {
    return random.nextInt(8) == 0 ? Optional.empty() : Optional.of(new HeapSlot(size, written));
  }

  @Override
  public Optional<LaneSlot> open(String writer, int bytes) {
    return slot(bytes, random.nextInt(bytes / SECTOR_BYTES + 1) * SECTOR_BYTES);
  }

  @Override
  public Optional<LaneSlot> fill(String reader, int bytes) {
    return slot(bytes, bytes);
  }

  @Override
  public LaneEnd end(String guest) {
    throw new UnsupportedOperationException();
  }
}
