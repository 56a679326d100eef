package org.lodge.agent.internal.handles;

import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;

/** What one connection has under way in its guest's lane. Thread-safe. */
final class SocketLane {
  /** How much goes by one slot. */
  static final int PART_BYTES = Lanes.SLOT_BYTES / 2;

  /** Less is sent faster than two disks are asked. */
  private static final int BYTES_MIN = 32 << 10;

  private final String guest;
  private final Lanes lanes;
  private final Queue<LaneSlot> slots = new ConcurrentLinkedQueue<>();
  private volatile boolean there;
  private volatile boolean ended;

  SocketLane(String guest, Lanes lanes) {
    this.guest = guest;
    this.lanes = lanes;
  }

  /** Whether sectors of one file can be those of the other, and it is worth it. */
  boolean suits(long fromOffset, long toOffset, long bytes) {
    return there && bytes >= BYTES_MIN && (fromOffset - toOffset) % Lanes.SECTOR_BYTES == 0;
  }

  /** The agent has said so. */
  void isThere() {
    there = true;
  }

  /** Where the guest is to write the sectors of a row; empty where it has too much under way. */
  Optional<LaneSlot> open(long offset, int bytes) {
    int sectors = (int) (offset % Lanes.SECTOR_BYTES) + bytes + Lanes.SECTOR_BYTES - 1;
    Optional<LaneSlot> slot = lanes.open(guest, sectors - sectors % Lanes.SECTOR_BYTES);
    slot.ifPresent(this::keep);
    return slot;
  }

  /**
   * The guest may read the slot, until this ends. False where it has no lane, or it is too late.
   */
  boolean take(LaneSlot slot) {
    boolean given = there && slot.handTo(guest);
    if (given) {
      keep(slot);
    }
    return given;
  }

  private void keep(LaneSlot slot) {
    slots.removeIf(LaneSlot::isOver);
    slots.add(slot);
    if (ended) {
      slot.close();
    }
  }

  void end() {
    ended = true;
    slots.forEach(LaneSlot::close);
  }
}
