package org.lodge.lane.internal;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.lodge.lane.LaneEnd;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;
import org.osgi.service.component.annotations.Component;

/** All slots, which every lane has at the same place, and what is under way in them. */
@Component
public final class LanesComponent implements Lanes {
  private static final long UNDER_WAY_BYTES_MAX = 128L << 20;

  /** Each counts as so much at least, so that no guest can have all of them. */
  private static final int COUNTED_BYTES_MIN = 2 << 20;

  /** The first and the last are never given away: kernels look there for partitions. */
  private static final int SLOTS = (int) (LANE_BYTES / SLOT_BYTES);

  private final AtomicReferenceArray<Slot> slots = new AtomicReferenceArray<>(SLOTS);
  private final AtomicInteger turn = new AtomicInteger();
  private final Map<String, AtomicLong> underWay = new ConcurrentHashMap<>();
  private final Buffers buffers = new Buffers();

  @Override
  public Optional<LaneSlot> open(String writer, int bytes) {
    return Optional.ofNullable(take(writer, writer, bytes));
  }

  @Override
  public Optional<LaneSlot> fill(String reader, int bytes) {
    return Optional.ofNullable(take(reader, null, bytes));
  }

  /**
   * @param guest on whose account it is
   * @param writer null for the host
   */
  private Slot take(String guest, String writer, int bytes) {
    if (bytes <= 0 || bytes > SLOT_BYTES || bytes % SECTOR_BYTES != 0) {
      throw new IllegalArgumentException("a slot can't have %d bytes".formatted(bytes));
    }
    AtomicLong ofGuest = underWay.computeIfAbsent(guest, name -> new AtomicLong());
    if (ofGuest.addAndGet(counted(bytes)) <= UNDER_WAY_BYTES_MAX) {
      // By turns: whoever comes too late for a slot meets no other one at its place.
      for (int tried = 0; tried < SLOTS; tried++) {
        int index = 1 + Math.floorMod(turn.getAndIncrement(), SLOTS - 2);
        if (slots.get(index) == null) {
          Buffers.Piece piece = buffers.take(bytes);
          Slot slot = new Slot(this, index, guest, writer, bytes, piece);
          if (slots.compareAndSet(index, null, slot)) {
            return slot;
          }
          buffers.give(piece);
        }
      }
    }
    ofGuest.addAndGet(-counted(bytes));
    return null;
  }

  private static long counted(int bytes) {
    return Math.max(bytes, COUNTED_BYTES_MIN);
  }

  void over(Slot slot) {
    slots.set(slot.index(), null);
    underWay.get(slot.guest()).addAndGet(-counted(slot.sizeBytes()));
  }

  void give(Buffers.Piece piece) {
    buffers.give(piece);
  }

  @Override
  public LaneEnd end(String guest) {
    return new LaneEnd() {
      @Override
      public boolean write(long position, MemorySegment from, long offset, long bytes) {
        Slot slot = at(position, bytes);
        return slot != null && slot.write(guest, position % SLOT_BYTES, from, offset, bytes);
      }

      @Override
      public boolean read(long position, MemorySegment into, long offset, long bytes) {
        Slot slot = at(position, bytes);
        if (slot == null && isUnused(position, bytes)) {
          into.asSlice(offset, bytes).fill((byte) 0);
          return true;
        }
        return slot != null && slot.read(guest, position % SLOT_BYTES, into, offset, bytes);
      }
    };
  }

  private Slot at(long position, long bytes) {
    boolean within = position >= 0 && bytes >= 0 && bytes <= LANE_BYTES - position;
    return within && position < LANE_BYTES ? slots.get((int) (position / SLOT_BYTES)) : null;
  }

  private static boolean isUnused(long position, long bytes) {
    boolean first = position >= 0 && bytes <= SLOT_BYTES - position;
    boolean last = position >= LANE_BYTES - SLOT_BYTES && bytes <= LANE_BYTES - position;
    return bytes >= 0 && (first || last);
  }
}
