package org.lodge.lane.internal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.BitSet;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;

/**
 * One slot, of one writer and then one reader. Its memory is used again, so nothing may be read
 * that was not written: each sector is accounted for. Its lock is shared with nobody but those two.
 */
final class Slot implements LaneSlot {
  static final int HEADROOM_BYTES = 4096;

  private final LanesComponent lanes;
  private final int index;
  private final String guest;
  private final String writer;
  private final int sizeBytes;
  private final Buffers.Piece piece;
  private final MemorySegment memory;
  private final BitSet written;
  private String reader;
  private long readBytes;
  private boolean over;
  private boolean used;

  /**
   * @param writer null for the host, which writes all of it
   */
  Slot(
      LanesComponent lanes,
      int index,
      String guest,
      String writer,
      int sizeBytes,
      Buffers.Piece piece) {
    this.lanes = lanes;
    this.index = index;
    this.guest = guest;
    this.writer = writer;
    this.sizeBytes = sizeBytes;
    this.piece = piece;
    memory = piece.memory();
    written = new BitSet(sizeBytes / Lanes.SECTOR_BYTES);
    written.set(0, writer == null ? sizeBytes / Lanes.SECTOR_BYTES : 0);
  }

  int index() {
    return index;
  }

  String guest() {
    return guest;
  }

  int sizeBytes() {
    return sizeBytes;
  }

  synchronized boolean write(String by, long at, MemorySegment from, long offset, long bytes) {
    // What the host has checked, or put there itself, must stay.
    if (over || used || reader != null || !by.equals(writer) || !holds(at, bytes)) {
      return false;
    }
    MemorySegment.copy(from, offset, memory, HEADROOM_BYTES + at, bytes);
    int sector = (int) (at / Lanes.SECTOR_BYTES);
    written.set(sector, sector + (int) (bytes / Lanes.SECTOR_BYTES));
    return true;
  }

  synchronized boolean read(String by, long at, MemorySegment into, long offset, long bytes) {
    if (over || !by.equals(reader) || !holds(at, bytes)) {
      return false;
    }
    MemorySegment.copy(memory, HEADROOM_BYTES + at, into, offset, bytes);
    readBytes += bytes;
    if (readBytes >= sizeBytes) {
      close();
    }
    return true;
  }

  private boolean holds(long at, long bytes) {
    return at % Lanes.SECTOR_BYTES == 0
        && bytes % Lanes.SECTOR_BYTES == 0
        && bytes <= sizeBytes - at;
  }

  @Override
  public long position() {
    return (long) index * Lanes.SLOT_BYTES;
  }

  @Override
  public synchronized int writtenBytes() {
    return written.nextClearBit(0) * Lanes.SECTOR_BYTES;
  }

  @Override
  public boolean isWhole() {
    return writtenBytes() == sizeBytes;
  }

  @Override
  public boolean use(Use use) throws IOException {
    synchronized (this) {
      if (over) {
        return false;
      }
      used = true;
    }
    try {
      ByteBuffer bytes = memory.asByteBuffer().limit(HEADROOM_BYTES + sizeBytes);
      use.with(bytes.position(HEADROOM_BYTES));
    } finally {
      synchronized (this) {
        used = false;
        if (over) {
          lanes.give(piece);
        }
      }
    }
    return true;
  }

  @Override
  public synchronized boolean handTo(String to) {
    if (!isWhole()) {
      throw new IllegalStateException("a slot that is not whole");
    }
    reader = to;
    return !over;
  }

  @Override
  public synchronized boolean isOver() {
    return over;
  }

  @Override
  public synchronized void close() {
    if (!over) {
      over = true;
      lanes.over(this);
      if (!used) {
        lanes.give(piece);
      }
    }
  }
}
