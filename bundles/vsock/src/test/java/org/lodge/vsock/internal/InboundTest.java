package org.lodge.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.Payload;

class InboundTest {
  private final Inbound inbound = new Inbound();

  /** A guest's buffer that stays where it is until it is let go. */
  private static final class Buffer implements Payload {
    final byte[] bytes;
    int holds;
    int releases;

    Buffer(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public void copy(int offset, MemorySegment to, long toOffset, int length) {
      MemorySegment.copy(MemorySegment.ofArray(bytes), offset, to, toOffset, length);
    }

    @Override
    public Payload hold() {
      holds++;
      return this;
    }

    @Override
    public void release() {
      releases++;
    }
  }

  /** Takes at most so many bytes in all. */
  private static final class Taker implements Inbound.Sink {
    final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    final List<Integer> messageEnds = new ArrayList<>();
    int roomBytes;

    Taker(int roomBytes) {
      this.roomBytes = roomBytes;
    }

    @Override
    public int deliver(Payload payload, int offset, int length, int messageFlags) {
      int part = Math.min(length, roomBytes);
      if (part == 0 && length > 0) {
        return GuestEnd.NOTHING;
      }
      byte[] bytes = new byte[part];
      payload.copy(offset, MemorySegment.ofArray(bytes), 0, part);
      taken.writeBytes(bytes);
      roomBytes -= part;
      if (part == length && messageFlags != 0) {
        messageEnds.add(taken.size());
      }
      return part;
    }
  }

  private static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }

  @Test
  void whatCanNotGoOnStaysInTheGuestsBufferUntilItIsConsumed() {
    Buffer buffer = new Buffer(bytes(100));
    Taker taker = new Taker(40);
    inbound.redirect(taker);
    assertTrue(inbound.put(buffer, 100, 0));
    assertEquals(1, buffer.holds);
    assertEquals(0, buffer.releases);
    assertEquals(40, inbound.consumedBytes());
    taker.roomBytes = 60;
    inbound.drainTo(taker);
    assertArrayEquals(buffer.bytes, taker.taken.toByteArray());
    assertEquals(1, buffer.releases);
    assertTrue(inbound.isEmpty());
  }

  @Test
  void whatGoesOnAtOnceIsNotHeld() {
    Buffer buffer = new Buffer(bytes(100));
    Taker taker = new Taker(100);
    inbound.redirect(taker);
    inbound.put(buffer, 100, 0);
    assertEquals(0, buffer.holds);
    assertEquals(100, inbound.consumedBytes());
  }

  @Test
  void laterBytesDoNotOvertakeThoseThatWait() {
    Taker taker = new Taker(1);
    inbound.redirect(taker);
    inbound.put(new Buffer(new byte[] {1, 2}), 2, 0);
    taker.roomBytes = 10;
    inbound.put(new Buffer(new byte[] {3}), 1, 0);
    assertEquals(1, taker.taken.size());
    inbound.drainTo(taker);
    assertArrayEquals(new byte[] {1, 2, 3}, taker.taken.toByteArray());
  }

  @Test
  void letGoOfMeansCopied() {
    Buffer buffer = new Buffer(bytes(50));
    byte[] expected = buffer.bytes.clone();
    inbound.put(buffer, 50, 0);
    inbound.releaseHeld();
    assertEquals(1, buffer.releases);
    java.util.Arrays.fill(buffer.bytes, (byte) 0);
    Taker taker = new Taker(100);
    inbound.drainTo(taker);
    assertArrayEquals(expected, taker.taken.toByteArray());
    assertEquals(1, buffer.releases);
  }

  @Test
  void whatIsThrownAwayCountsAsConsumedAndIsLetGo() {
    Buffer buffer = new Buffer(bytes(50));
    inbound.put(buffer, 50, 0);
    assertTrue(inbound.discard());
    assertEquals(1, buffer.releases);
    inbound.put(new Buffer(bytes(7)), 7, 0);
    assertEquals(57, inbound.consumedBytes());
    assertFalse(inbound.discard());
    assertTrue(inbound.isDrained());
  }

  @Test
  void endsOfMessagesStandWhereTheyWereEmptyOnesToo() {
    inbound.put(new FakeGuest.Bytes(bytes(3)), 3, 1);
    inbound.put(new FakeGuest.Bytes(new byte[0]), 0, 1);
    inbound.put(new FakeGuest.Bytes(bytes(2)), 2, 0);
    inbound.put(new FakeGuest.Bytes(bytes(2)), 2, 1);
    Taker taker = new Taker(100);
    inbound.drainTo(taker);
    assertEquals(List.of(3, 3, 7), taker.messageEnds);
  }

  @Test
  void messagesWithoutBytesAreBoundedToo() {
    for (int i = 0; i < Inbound.BOUNDARIES_MAX; i++) {
      assertTrue(inbound.put(new FakeGuest.Bytes(new byte[0]), 0, 1));
    }
    assertFalse(inbound.put(new FakeGuest.Bytes(new byte[0]), 0, 1));
  }

  @Test
  void anyScheduleGivesTheSameBytesAndLetsGoOfEveryBuffer() {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Inbound tried = new Inbound();
      Taker taker = new Taker(0);
      ByteArrayOutputStream put = new ByteArrayOutputStream();
      List<Integer> ends = new ArrayList<>();
      List<Buffer> buffers = new ArrayList<>();
      for (int step = 0; step < 200; step++) {
        switch (random.nextInt(5)) {
          case 0 -> taker.roomBytes += random.nextInt(3000);
          case 1 -> tried.drainTo(taker);
          case 2 -> tried.releaseHeld();
          case 3 -> {
            if (random.nextInt(20) == 0) {
              tried.redirect(taker);
            }
          }
          default -> {
            byte[] bytes = new byte[random.nextInt(5000)];
            random.nextBytes(bytes);
            int flags = random.nextInt(3) == 0 ? 1 : 0;
            put.writeBytes(bytes);
            if (flags != 0) {
              ends.add(put.size());
            }
            Buffer buffer = new Buffer(bytes);
            boolean held = random.nextBoolean();
            buffers.add(buffer);
            tried.put(held ? buffer : new FakeGuest.Bytes(bytes), bytes.length, flags);
          }
        }
        assertEquals(taker.taken.size(), tried.consumedBytes(), "seed " + seed);
        assertEquals(put.size() - taker.taken.size(), tried.availableBytes(), "seed " + seed);
      }
      taker.roomBytes = Integer.MAX_VALUE;
      tried.drainTo(taker);
      assertArrayEquals(put.toByteArray(), taker.taken.toByteArray(), "seed " + seed);
      assertEquals(ends, taker.messageEnds, "seed " + seed);
      buffers.forEach(buffer -> assertEquals(buffer.holds, buffer.releases));
    }
  }
}
