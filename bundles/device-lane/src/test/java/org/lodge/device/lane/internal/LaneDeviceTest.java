package org.lodge.device.lane.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.lane.LaneEnd;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;

class LaneDeviceTest {
  private static final int BYTES = 16 * 4096;
  private static final long SECTOR = 8;

  /** A lane with one range that can be written and read. */
  private static final class OneRange implements Lanes, LaneEnd {
    final byte[] bytes = new byte[BYTES];

    @Override
    public Optional<LaneSlot> open(String writer, int bytes) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Optional<LaneSlot> fill(String reader, int bytes) {
      throw new UnsupportedOperationException();
    }

    @Override
    public LaneEnd end(String guest) {
      assertEquals("work", guest);
      return this;
    }

    private boolean holds(long position, long count) {
      long at = position - SECTOR * SECTOR_BYTES;
      return at >= 0 && at + count <= BYTES;
    }

    private static int at(long position) {
      return (int) (position - SECTOR * SECTOR_BYTES);
    }

    @Override
    public boolean write(long position, MemorySegment from, long offset, long count) {
      if (holds(position, count)) {
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, offset, bytes, at(position), (int) count);
      }
      return holds(position, count);
    }

    @Override
    public boolean read(long position, MemorySegment into, long offset, long count) {
      if (holds(position, count)) {
        MemorySegment.copy(bytes, at(position), into, ValueLayout.JAVA_BYTE, offset, (int) count);
      }
      return holds(position, count);
    }
  }

  private final GuestArena guest = new GuestArena(1 << 20);
  private final TestTransport transport = new TestTransport(guest);
  private final OneRange range = new OneRange();
  private long header;
  private long data;
  private long status;

  @BeforeEach
  void allocate() {
    header = guest.allocate(16, 16);
    status = guest.allocate(16, 16);
    data = guest.allocate(2 * BYTES, 4096);
  }

  @AfterEach
  void close() {
    transport.close();
    guest.close();
  }

  private void start(long rings) throws Exception {
    transport.start(
        new LaneDeviceFactory(range).create(new DeviceConfig("work", "lane", Map.of()), transport),
        rings,
        64);
  }

  /** Eight pages of data that lie apart. */
  private byte request(int type, long sector, int readable, int writable) throws Exception {
    int pieces = 8;
    long[] addresses = new long[pieces + 2];
    int[] lengths = new int[pieces + 2];
    guest.put(
        header,
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(type)
            .putInt(0)
            .putLong(sector)
            .array());
    guest.put(status, new byte[] {-1});
    addresses[0] = header;
    lengths[0] = 16;
    for (int i = 0; i < pieces; i++) {
      addresses[i + 1] = data + 8192L * i;
      lengths[i + 1] = 4096;
    }
    addresses[pieces + 1] = status;
    lengths[pieces + 1] = 1;
    transport.driver(0).add(addresses, lengths, readable, writable);
    transport.kick(0);
    assertTrue(transport.await(0, Duration.ofSeconds(10)));
    transport.driver(0).usedLength();
    return guest.get(status, 1)[0];
  }

  private byte write(long sector) throws Exception {
    return request(1, sector, 9, 1);
  }

  private byte read(long sector) throws Exception {
    return request(0, sector, 1, 9);
  }

  @ParameterizedTest
  @ValueSource(longs = {TestTransport.SPLIT, TestTransport.PACKED})
  void bytesGoWhereTheyBelong(long rings) throws Exception {
    start(rings);
    byte[] pages = new byte[2 * BYTES];
    new Random(2).nextBytes(pages);
    guest.put(data, Arrays.copyOf(pages, BYTES));
    assertEquals(0, write(SECTOR + 8));
    for (int i = 0; i < 8; i++) {
      assertArrayEquals(
          Arrays.copyOfRange(pages, 8192 * i, 8192 * i + 4096),
          Arrays.copyOfRange(range.bytes, 4096 * (i + 1), 4096 * (i + 2)));
    }
    guest.put(data, new byte[BYTES]);
    assertEquals(0, read(SECTOR + 8));
    for (int i = 0; i < 8; i++) {
      assertArrayEquals(
          Arrays.copyOfRange(pages, 8192 * i, 8192 * i + 4096), guest.get(data + 8192 * i, 4096));
    }
  }

  @Test
  void whatTheLaneRefusesIsAnError() throws Exception {
    start(TestTransport.SPLIT);
    assertEquals(1, write(0));
    assertEquals(1, read(SECTOR + 120));
    assertEquals(1, read(-1));
    assertEquals(1, read(Long.MAX_VALUE));
    assertEquals(2, request(4, 0, 1, 9));
  }

  @Test
  void itsSerialTellsWhatItIs() throws Exception {
    start(TestTransport.SPLIT);
    assertEquals(0, request(8, 0, 1, 9));
    assertEquals("lodge-lane", new String(guest.get(data, 10), StandardCharsets.US_ASCII));
    assertEquals(0, guest.get(data + 10, 1)[0]);
  }

  @Test
  void nothingIsConfigured() {
    DeviceConfig config = new DeviceConfig("work", "lane", Map.of("path", "/x"));
    DeviceException refused =
        assertThrows(DeviceException.class, () -> new LaneDeviceFactory(range).check(config));
    assertTrue(refused.getMessage().contains("path"), refused.getMessage());
  }
}
