package org.lodge.device.blk.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.fixture.TestTransport;

/** A disk that is kept elsewhere, from the driver's side. */
@Timeout(60)
class RemoteDiskTest {
  private static final int SIZE = 1 << 20;

  private final BlkDriver driver = new BlkDriver();
  private FakeSource source = new FakeSource(SIZE, 512, 64 << 10, false);

  @AfterEach
  void itEnds() {
    driver.close();
    source.end();
  }

  private Device create(Map<String, Object> more) throws DeviceException {
    BlkFactory factory = new BlkFactory(BlkDriver.LEASES, Path.of("/nowhere"));
    factory.setSources(source);
    Map<String, Object> values = new HashMap<>(more);
    values.putIfAbsent("from", "storage");
    return factory.create(new DeviceConfig("work", "disk", values), driver.transport);
  }

  private void start(Map<String, Object> more) throws Exception {
    driver.device = create(more);
    driver.transport.start(driver.device, TestTransport.SPLIT | BlkDriver.FLUSH, 64);
  }

  @Test
  void whatIsWrittenIsReadInPartsThatTheSourceTakes() throws Exception {
    start(Map.of());
    byte[] bytes = new byte[300 << 10];
    new Random(1).nextBytes(bytes);
    assertEquals(Blk.S_OK, driver.write(8, bytes));
    assertArrayEquals(bytes, Arrays.copyOfRange(source.bytes, 4096, 4096 + bytes.length));
    assertEquals(
        List.of(
            "WRITE 4096+65536",
            "WRITE 69632+65536",
            "WRITE 135168+65536",
            "WRITE 200704+65536",
            "WRITE 266240+45056"),
        source.asked());
    driver.guest.put(driver.data, new byte[bytes.length]);
    assertEquals(Blk.S_OK, driver.read(8, bytes.length));
    assertArrayEquals(bytes, driver.got(bytes.length));
    assertEquals(Blk.S_OK, driver.plain(Blk.T_FLUSH));
    assertEquals("FLUSH 0+0", source.asked().getLast());
    assertEquals(1, driver.counter("flush.requests"));
    assertEquals(bytes.length, driver.counter("write.bytes"));
  }

  @Test
  void aRequestCutIntoPiecesAnywhereIsOneTransfer() throws Exception {
    start(Map.of());
    Random random = new Random(2);
    for (int round = 0; round < 200; round++) {
      boolean write = random.nextBoolean();
      int pieces = 1 + random.nextInt(8);
      int[] lengths = new int[pieces + 2];
      long[] addresses = new long[pieces + 2];
      int left = 512 * (1 + random.nextInt(200));
      int bytes = left;
      int sector = random.nextInt(SIZE / 512 - bytes / 512 + 1);
      for (int i = 1; i <= pieces; i++) {
        lengths[i] = i == pieces ? left : 1 + random.nextInt(left - (pieces - i));
        addresses[i] = driver.data + (long) (i - 1) * (128 << 10) + random.nextInt(100);
        left -= lengths[i];
      }
      addresses[0] = driver.header;
      lengths[0] = 16;
      addresses[pieces + 1] = driver.status;
      lengths[pieces + 1] = 1;
      byte[] data = new byte[bytes];
      random.nextBytes(data);
      if (!write) {
        System.arraycopy(data, 0, source.bytes, sector * 512, bytes);
      }
      int at = 0;
      for (int i = 1; i <= pieces; i++) {
        byte[] part = Arrays.copyOfRange(data, at, at + lengths[i]);
        driver.guest.put(addresses[i], write ? part : new byte[part.length]);
        at += lengths[i];
      }
      driver.putHeader(write ? Blk.T_OUT : Blk.T_IN, sector);
      driver.transport.driver(0).useIndirect(random.nextBoolean());
      int readable = write ? pieces + 1 : 1;
      assertEquals(Blk.S_OK, driver.request(addresses, lengths, readable, pieces + 2 - readable));
      at = 0;
      for (int i = 1; i <= pieces; i++) {
        byte[] part = driver.guest.get(addresses[i], lengths[i]);
        assertArrayEquals(Arrays.copyOfRange(data, at, at + lengths[i]), part);
        at += lengths[i];
      }
      assertArrayEquals(data, Arrays.copyOfRange(source.bytes, sector * 512, sector * 512 + bytes));
    }
  }

  @Test
  void aWriteThroughDiskIsFlushedOrWritesDurably() throws Exception {
    start(Map.of("cache", "writethrough"));
    assertEquals(Blk.S_OK, driver.write(0, new byte[512]));
    assertEquals(List.of("WRITE 0+512", "FLUSH 0+0"), source.asked());
    assertEquals(Blk.S_OK, driver.range(Blk.T_DISCARD, 8, 8, 0));
    assertEquals(List.of("DISCARD 4096+4096", "FLUSH 0+0"), source.asked());
    source.end();
    source = new FakeSource(SIZE, 512, 64 << 10, true);
    driver.transport.swap(create(Map.of("cache", "writethrough")), BlkDriver.LIMIT);
    assertEquals(Blk.S_OK, driver.write(0, new byte[512]));
    assertEquals(List.of("WRITE 0+512 durable"), source.asked());
  }

  @Test
  void whatIsNotOnTheDiskOrNotAlignedNeverReachesTheSource() throws Exception {
    source.end();
    source = new FakeSource(SIZE, 4096, 64 << 10, false);
    start(Map.of("discardMaxSectors", 64));
    assertEquals(4096, driver.configSpace().getInt(20));
    assertEquals(Blk.S_IOERR, driver.read(1, 512));
    assertEquals(Blk.S_IOERR, driver.write(8, new byte[512]));
    assertEquals(Blk.S_IOERR, driver.write(SIZE / 512, new byte[4096]));
    assertEquals(Blk.S_IOERR, driver.write(-8, new byte[4096]));
    assertEquals(Blk.S_IOERR, driver.range(Blk.T_WRITE_ZEROES, 8, 4, 0));
    assertEquals(Blk.S_IOERR, driver.range(Blk.T_WRITE_ZEROES, 0, 128, 0));
    assertEquals(Blk.S_UNSUPP, driver.range(Blk.T_DISCARD, 0, 8, 1));
    assertEquals(List.of(), source.asked());
    assertEquals(Blk.S_OK, driver.range(Blk.T_WRITE_ZEROES, 8, 8, 1));
    assertEquals(List.of("ZERO 4096+4096"), source.asked());
  }

  @Test
  void anErrorOfTheSourceIsAnErrorForTheDriverAndTold() throws Exception {
    start(Map.of());
    source.fail(28);
    assertEquals(Blk.S_IOERR, driver.write(0, new byte[512]));
    assertTrue(driver.device.trouble().orElseThrow().contains("errno 28"));
  }

  /** The disk is away: what the driver has asked goes to the next logic, and is done in the end. */
  @Test
  void aTakeoverNeedsNotWaitForADiskThatIsAway() throws Exception {
    start(Map.of());
    source.away(true);
    driver.guest.put(driver.data, new byte[] {7});
    driver.putHeader(Blk.T_OUT, 0);
    driver
        .transport
        .driver(0)
        .add(new long[] {driver.header, driver.data, driver.status}, new int[] {16, 512, 1}, 2, 1);
    driver.transport.kick(0);
    assertEquals("waiting", driver.device.trouble().orElseThrow());
    long began = System.nanoTime();
    driver.transport.swap(create(Map.of()), BlkDriver.LIMIT);
    assertTrue(System.nanoTime() - began < BlkDriver.LIMIT.toNanos() / 2);
    assertFalse(driver.transport.driver(0).takeUsed());
    source.away(false);
    assertTrue(driver.transport.await(0, BlkDriver.LIMIT));
    assertEquals(7, source.bytes[0]);
  }

  @Test
  void theDriverIsToldOfAnotherSizeAndMayNotSayOne() throws Exception {
    start(Map.of());
    assertEquals(SIZE / 512, driver.configSpace().getLong(0));
    source.grow(2 * SIZE);
    assertEquals(1, driver.transport.configurationChanges());
    assertEquals(2 * SIZE / 512, driver.configSpace().getLong(0));
    DeviceConfig size = new DeviceConfig("work", "disk", Map.of("sizeBytes", "4M"));
    String refused =
        assertThrows(DeviceException.class, () -> driver.device.control("resize", size))
            .getMessage();
    assertTrue(refused.contains("where the disk is kept"), refused);
  }

  @Test
  void configurationErrorsNameTheKeyAndWhatIsAllowed() {
    assertMessage(Map.of("path", "/x"), "path is for a file of this host");
    assertMessage(Map.of("direct", true), "direct is for a file of this host");
    assertMessage(Map.of("from", "a b"), "from must be the name of a guest, or host, not 'a b'");
    assertMessage(Map.of("from", "work"), "from must be another guest");
    assertMessage(Map.of("from", "host"), "socket must be given with from=host");
    assertMessage(Map.of("socket", "/run/x"), "socket must be given with from=host, and only then");
    assertMessage(Map.of("from", "host", "socket", "x"), "socket must be an absolute path, not x");
    assertMessage(Map.of("export", "a/b"), "export must be at most 64 of A-Z");
    assertMessage(Map.of("waitSeconds", -1), "waitSeconds must be from 0 to 86400, not -1");
    assertMessage(Map.of("unflushed", "1K"), "unflushed must be from 1048576");
  }

  private void assertMessage(Map<String, Object> values, String part) {
    String message = assertThrows(DeviceException.class, () -> create(values)).getMessage();
    assertTrue(message.contains("guest 'work', device 'disk': " + part), message);
  }
}
