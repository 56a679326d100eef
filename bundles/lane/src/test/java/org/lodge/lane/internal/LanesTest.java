package org.lodge.lane.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lodge.lane.LaneEnd;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;

class LanesTest {
  private static final int BYTES = 64 * Lanes.SECTOR_BYTES;

  private final LanesComponent lanes = new LanesComponent();
  private final LaneEnd work = lanes.end("work");
  private final LaneEnd display = lanes.end("display");
  private final LaneEnd vault = lanes.end("vault");
  private final byte[] picture = new byte[BYTES];
  private final MemorySegment pixels = MemorySegment.ofArray(picture);

  LanesTest() {
    new Random(1).nextBytes(picture);
  }

  private LaneSlot open() {
    return lanes.open("work", BYTES).orElseThrow();
  }

  private LaneSlot written() {
    LaneSlot slot = open();
    assertTrue(work.write(slot.position(), pixels, 0, BYTES));
    return slot;
  }

  @Test
  void whatOneGuestHasWrittenTheOtherReadsOnce() {
    LaneSlot slot = open();
    // The kernel splits and reorders.
    assertTrue(work.write(slot.position() + BYTES / 2, pixels, BYTES / 2, BYTES / 2));
    assertFalse(slot.isWhole());
    assertEquals(0, slot.writtenBytes());
    assertTrue(work.write(slot.position(), pixels, 0, BYTES / 2));
    assertTrue(slot.isWhole());
    slot.handTo("display");
    byte[] read = new byte[BYTES];
    MemorySegment into = MemorySegment.ofArray(read);
    assertTrue(display.read(slot.position() + 512, into, 512, BYTES - 512));
    assertFalse(slot.isOver());
    assertTrue(display.read(slot.position(), into, 0, 512));
    assertEquals(-1, Arrays.mismatch(picture, read));
    assertTrue(slot.isOver());
    assertFalse(display.read(slot.position(), into, 0, 512));
  }

  @Test
  void whatTheHostFillsItsReaderReads() throws Exception {
    LaneSlot slot = lanes.fill("display", BYTES).orElseThrow();
    MemorySegment into = MemorySegment.ofArray(new byte[BYTES]);
    assertTrue(slot.use(bytes -> bytes.put(picture)));
    assertFalse(display.read(slot.position(), into, 0, BYTES));
    assertFalse(display.write(slot.position(), into, 0, 512));
    slot.handTo("display");
    assertTrue(display.read(slot.position(), into, 0, BYTES));
    assertEquals(-1, pixels.mismatch(into));
  }

  @Test
  void nobodyElseReadsOrWrites() {
    LaneSlot slot = written();
    assertFalse(vault.write(slot.position(), pixels, 0, 512));
    assertFalse(work.read(slot.position(), pixels, 0, 512));
    assertFalse(display.read(slot.position(), pixels, 0, 512));
    slot.handTo("display");
    assertFalse(vault.read(slot.position(), pixels, 0, 512));
    assertFalse(work.write(slot.position(), pixels, 0, 512));
    slot.close();
    assertFalse(display.read(slot.position(), pixels, 0, 512));
    assertFalse(slot.handTo("display"));
  }

  @Test
  void nothingIsReadThatWasNotWritten() {
    LaneSlot former = written();
    former.close();
    LaneSlot slot = open();
    assertNotEquals(former.position(), slot.position());
    assertTrue(work.write(slot.position(), pixels, 0, BYTES / 2));
    assertTrue(work.write(slot.position(), pixels, 0, BYTES / 2));
    assertFalse(slot.isWhole());
    assertThrows(IllegalStateException.class, () -> slot.handTo("display"));
  }

  @Test
  void rangesThatAreNoneAreRefused() {
    LaneSlot slot = open();
    long at = slot.position();
    MemorySegment large = MemorySegment.ofArray(new byte[2 * BYTES]);
    assertFalse(work.write(at, large, 0, BYTES + 512));
    assertFalse(work.write(at + 512, large, 0, BYTES));
    assertFalse(work.write(at + 1, large, 0, 512));
    assertFalse(work.write(at, large, 0, 511));
    assertFalse(work.write(-512, large, 0, 512));
    assertFalse(work.write(Long.MAX_VALUE - 511, large, 0, 512));
    assertFalse(work.write(Lanes.LANE_BYTES, large, 0, 512));
    assertFalse(work.read(Lanes.LANE_BYTES, large, 0, 512));
  }

  @Test
  void whereKernelsLookForPartitionsThereAreZeros() {
    MemorySegment into = MemorySegment.ofArray(new byte[512]).fill((byte) 1);
    assertTrue(display.read(0, into, 0, 512));
    assertEquals(0, into.get(ValueLayout.JAVA_BYTE, 511));
    assertTrue(display.read(Lanes.LANE_BYTES - 512, into, 0, 512));
    assertFalse(display.write(0, into, 0, 512));
    assertFalse(display.read(Lanes.SLOT_BYTES, into, 0, 512));
  }

  @Test
  void memoryIsNobodyElsesWhileTheHostUsesIt() throws Exception {
    LaneSlot slot = written();
    assertTrue(
        slot.use(bytes -> {
          slot.close();
          LaneSlot next = open();
          MemorySegment zeros = MemorySegment.ofArray(new byte[BYTES]);
          assertTrue(work.write(next.position(), zeros, 0, BYTES));
          assertNotEquals(0, bytes.getInt());
        }));
    assertFalse(slot.use(bytes -> bytes.put(picture)));
  }

  @Test
  void noGuestWritesWhatTheHostUses() throws Exception {
    LaneSlot slot = written();
    assertTrue(
        slot.use(bytes -> {
          assertFalse(work.write(slot.position(), MemorySegment.ofArray(new byte[512]), 0, 512));
          assertEquals(-1, bytes.mismatch(ByteBuffer.wrap(picture)));
        }));
    assertTrue(work.write(slot.position(), pixels, 0, 512));
  }

  @Test
  void memoryThatIsNotNeededIsGivenBack() {
    List<LaneSlot> slots = new ArrayList<>();
    for (String guest : List.of("a", "b", "c", "d")) {
      for (int i = 0; i < 2; i++) {
        slots.add(lanes.open(guest, Lanes.SLOT_BYTES).orElseThrow());
      }
    }
    slots.forEach(LaneSlot::close);
    assertTrue(lanes.open("a", 512).isPresent());
  }

  @Test
  void aGuestHasSoMuchUnderWayAndTakesNothingFromOthers() {
    List<LaneSlot> slots = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      slots.add(lanes.open("work", Lanes.SLOT_BYTES).orElseThrow());
    }
    assertTrue(lanes.open("work", 512).isEmpty());
    for (int i = 0; i < 64; i++) {
      assertTrue(lanes.open("vault", 512).isPresent());
    }
    assertTrue(lanes.open("vault", 512).isEmpty());
    assertTrue(lanes.open("display", 512).isPresent());
    slots.forEach(LaneSlot::close);
    slots.forEach(LaneSlot::close);
    assertTrue(lanes.open("work", Lanes.SLOT_BYTES).isPresent());
  }
}
