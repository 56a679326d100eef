package org.lodge.device.blk.internal;

import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.fixture.TestTransport;
import org.osgi.framework.BundleContext;

class BlkDeviceTest {
  private static final int MIB = 1 << 20;

  @TempDir Path folder;

  private final BlkDriver driver = new BlkDriver();
  private Path file;

  @BeforeEach
  void makeFile() throws Exception {
    file = folder.resolve("disk");
    byte[] bytes = new byte[4 * MIB];
    new Random(3).nextBytes(bytes);
    Files.write(file, bytes);
  }

  @AfterEach
  void close() {
    driver.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {TestTransport.SPLIT, TestTransport.PACKED})
  void whatIsWrittenIsReadAndInTheFile(long features) throws Exception {
    driver.start(file, Map.of(), features | BlkDriver.FLUSH);
    byte[] bytes = new byte[64 * 1024];
    new Random(4).nextBytes(bytes);
    assertEquals(Blk.S_OK, driver.write(100, bytes));
    assertEquals(Blk.S_OK, driver.plain(Blk.T_FLUSH));
    driver.guest.put(driver.data, new byte[bytes.length]);
    assertEquals(Blk.S_OK, driver.read(100, bytes.length));
    assertArrayEquals(bytes, driver.got(bytes.length));
    byte[] onDisk = Files.readAllBytes(file);
    assertArrayEquals(bytes, Arrays.copyOfRange(onDisk, 51200, 51200 + bytes.length));
    assertEquals(1, driver.counter("read.requests"));
    assertEquals(65536, driver.counter("write.bytes"));
    assertEquals(1, driver.counter("flush.requests"));
  }

  @Test
  void aRequestInManyPiecesIsOneTransfer() throws Exception {
    driver.start(file, Map.of());
    driver.transport.driver(0).useIndirect(true);
    int pieces = 200;
    long[] addresses = new long[pieces + 2];
    int[] lengths = new int[pieces + 2];
    addresses[0] = driver.header;
    lengths[0] = 16;
    for (int i = 0; i < pieces; i++) {
      addresses[i + 1] = driver.data + 8192L * i;
      lengths[i + 1] = 1024;
    }
    addresses[pieces + 1] = driver.status;
    lengths[pieces + 1] = 1;
    driver.putHeader(Blk.T_IN, 8);
    assertEquals(Blk.S_OK, driver.request(addresses, lengths, 1, pieces + 1));
    byte[] expected = Files.readAllBytes(file);
    for (int i = 0; i < pieces; i++) {
      assertArrayEquals(
          Arrays.copyOfRange(expected, 4096 + 1024 * i, 5120 + 1024 * i),
          driver.guest.get(addresses[i + 1], 1024));
    }
  }

  @Test
  void headerDataAndStatusMayLieInOnePieceOrInMany() throws Exception {
    driver.start(file, Map.of());
    driver.putHeader(Blk.T_OUT, 1);
    driver.guest.put(driver.header + 16, "next to the header".getBytes());
    long[] addresses = {
      driver.header, driver.header + 5, driver.header + 16, driver.header + 26, driver.status
    };
    assertEquals(Blk.S_OK, driver.request(addresses, new int[] {5, 11, 10, 502, 1}, 4, 1));
    driver.putHeader(Blk.T_IN, 1);
    driver.guest.put(driver.data, new byte[] {-1});
    driver.request(new long[] {driver.header, driver.data}, new int[] {16, 513}, 1, 1);
    assertEquals("next to the header", new String(driver.got(18)));
    assertEquals(Blk.S_OK, driver.guest.get(driver.data + 512, 1)[0]);
  }

  @Test
  void requestsBeyondTheEndAreErrorsAndTouchNothing() throws Exception {
    driver.start(file, Map.of());
    long sectors = 4L * MIB / 512;
    byte[] before = Files.readAllBytes(file);
    assertEquals(Blk.S_IOERR, driver.write(sectors, "x", 512));
    assertEquals(Blk.S_IOERR, driver.write(sectors - 1, "x", 1024));
    assertEquals(Blk.S_IOERR, driver.write(Long.MAX_VALUE, "x", 512));
    assertEquals(Blk.S_IOERR, driver.write(-1, "x", 512));
    assertEquals(Blk.S_IOERR, driver.write(1L << 55, "x", 512));
    assertEquals(Blk.S_IOERR, driver.read(sectors, 512));
    assertEquals(Blk.S_IOERR, driver.write(0, "x", 100));
    assertEquals(Blk.S_OK, driver.write(sectors - 1, new byte[512]));
    byte[] after = Files.readAllBytes(file);
    assertEquals(before.length, after.length);
    assertArrayEquals(
        Arrays.copyOf(before, before.length - 512), Arrays.copyOf(after, after.length - 512));
    assertTrue(driver.device.trouble().isEmpty(), "a driver's fault is no trouble of the host");
  }

  @Test
  void aReadOnlyDiskRefusesAllThatWrites() throws Exception {
    driver.start(file, Map.of("readOnly", true));
    byte[] before = Files.readAllBytes(file);
    assertEquals(Blk.F_RO, driver.device.features() & Blk.F_RO);
    assertEquals(0, driver.device.features() & (Blk.F_DISCARD | Blk.F_WRITE_ZEROES));
    assertEquals(Blk.S_IOERR, driver.write(0, "x", 512));
    assertEquals(Blk.S_IOERR, driver.range(Blk.T_DISCARD, 0, 8, 0));
    assertEquals(Blk.S_IOERR, driver.range(Blk.T_WRITE_ZEROES, 0, 8, 0));
    assertEquals(Blk.S_OK, driver.read(0, 512));
    assertEquals(Blk.S_OK, driver.plain(Blk.T_FLUSH));
    assertArrayEquals(before, Files.readAllBytes(file));
  }

  @Test
  void unknownRequestsAreUnsupported() throws Exception {
    driver.start(file, Map.of());
    assertEquals(Blk.S_UNSUPP, driver.plain(2));
    assertEquals(Blk.S_UNSUPP, driver.plain(14));
    assertEquals(Blk.S_UNSUPP, driver.plain(-1));
  }

  @Test
  void aRequestWithoutRoomForItsStatusBreaksTheQueue() throws Exception {
    driver.start(file, Map.of());
    driver.transport.driver(0).add(new long[] {driver.header}, new int[] {16}, 1, 0);
    var thrown = assertThrows(RingException.class, () -> driver.transport.kick(0));
    assertEquals(RingFault.BAD_REQUEST, thrown.fault());
    assertEquals(0, driver.transport.ring(0).inFlight());
  }

  @Test
  void aShortHeaderIsAnError() throws Exception {
    driver.start(file, Map.of());
    assertEquals(
        Blk.S_IOERR,
        driver.request(new long[] {driver.header, driver.status}, new int[] {15, 1}, 1, 1));
    assertEquals(Blk.S_IOERR, driver.request(new long[] {driver.status}, new int[] {1}, 0, 1));
  }

  @Test
  void zeroedRangesReadAsZeroesAndNothingElseDoes() throws Exception {
    driver.start(file, Map.of());
    byte[] expected = Files.readAllBytes(file);
    for (int unmap = 0; unmap <= 1; unmap++) {
      int sector = 3 + unmap * 100;
      assertEquals(Blk.S_OK, driver.range(Blk.T_WRITE_ZEROES, sector, 21, unmap));
      Arrays.fill(expected, sector * 512, (sector + 21) * 512, (byte) 0);
    }
    assertArrayEquals(expected, Files.readAllBytes(file));
    assertEquals(Blk.S_OK, driver.range(Blk.T_DISCARD, 512, 64, 0));
    Arrays.fill(expected, 512 * 512, 576 * 512, (byte) 0);
    byte[] got = Files.readAllBytes(file);
    Arrays.fill(got, 512 * 512, 576 * 512, (byte) 0);
    assertArrayEquals(expected, got);
  }

  @Test
  void rangesAreCheckedBeforeAnyIsTouched() throws Exception {
    driver.start(file, Map.of("discardMaxSectors", 100));
    byte[] before = Files.readAllBytes(file);
    assertEquals(Blk.S_IOERR, driver.range(Blk.T_WRITE_ZEROES, 0, 101, 0));
    assertEquals(Blk.S_IOERR, driver.range(Blk.T_WRITE_ZEROES, 8190, 3, 0));
    assertEquals(Blk.S_IOERR, driver.range(Blk.T_DISCARD, -1, 2, 0));
    assertEquals(Blk.S_UNSUPP, driver.range(Blk.T_WRITE_ZEROES, 0, 1, 2));
    assertEquals(Blk.S_UNSUPP, driver.range(Blk.T_DISCARD, 0, 1, 1));
    driver.putHeader(Blk.T_WRITE_ZEROES, 0);
    driver.guest.put(
        driver.data,
        ByteBuffer.allocate(32)
            .order(java.nio.ByteOrder.LITTLE_ENDIAN)
            .putLong(0)
            .putInt(8)
            .putInt(0)
            .putLong(1 << 30)
            .putInt(8)
            .putInt(0)
            .array());
    long[] addresses = {driver.header, driver.data, driver.status};
    assertEquals(Blk.S_IOERR, driver.request(addresses, new int[] {16, 32, 1}, 2, 1));
    assertEquals(Blk.S_IOERR, driver.request(addresses, new int[] {16, 31, 1}, 2, 1));
    assertEquals(Blk.S_IOERR, driver.request(addresses, new int[] {16, 272, 1}, 2, 1));
    assertArrayEquals(before, Files.readAllBytes(file));
  }

  @Test
  void theSerialIsGivenWithoutMore() throws Exception {
    driver.start(file, Map.of("serial", "lodge-0001"));
    driver.guest.put(driver.data, "????????????????????????".getBytes());
    driver.putHeader(Blk.T_GET_ID, 0);
    long[] addresses = {driver.header, driver.data, driver.status};
    assertEquals(Blk.S_OK, driver.request(addresses, new int[] {16, 20, 1}, 1, 2));
    assertEquals("lodge-0001\0\0\0\0\0\0\0\0\0\0????", new String(driver.got(24)));
    assertEquals(Blk.S_OK, driver.request(addresses, new int[] {16, 5, 1}, 1, 2));
  }

  @Test
  void theConfigurationSpaceSaysWhatTheDiskIs() throws Exception {
    driver.start(file, Map.of("queues", 3, "segMax", 100, "sizeMax", "64K"));
    ByteBuffer space = driver.configSpace();
    assertEquals(60, space.remaining());
    assertEquals(8192, space.getLong(0));
    assertEquals(65536, space.getInt(8));
    assertEquals(100, space.getInt(12));
    assertEquals(512, space.getInt(20));
    assertEquals(3, space.get(24), "4096-byte physical blocks");
    assertEquals(1, space.get(32));
    assertEquals(3, space.getShort(34));
    assertEquals(3, driver.device.queueCount());
    assertEquals(Blk.F_MQ, driver.device.features() & Blk.F_MQ);
    ByteBuffer part = ByteBuffer.allocate(4);
    driver.device.readConfig(20, part);
    assertEquals(0, part.position() - 4);
  }

  @Test
  void aDiskGrowsUnderTheGuestAndTellsIt() throws Exception {
    driver.start(file, Map.of());
    assertEquals(Blk.S_IOERR, driver.write(8192, "new", 512));
    String said =
        driver.device.control(
            "resize", new DeviceConfig("work", "disk", Map.of("sizeBytes", "8M")));
    assertTrue(said.contains("8388608 bytes"), said);
    assertEquals(1, driver.transport.configurationChanges());
    assertEquals(16384, driver.configSpace().getLong(0));
    assertEquals(Blk.S_OK, driver.write(8192, "new", 512));
    assertEquals(8 * MIB, Files.size(file));
  }

  @Test
  void aDiskShrinksOnlyWhenToldSo() throws Exception {
    driver.start(file, Map.of());
    assertControlRefused("shrink=true", Map.of("sizeBytes", MIB));
    assertControlRefused("multiple of 512", Map.of("sizeBytes", 1000));
    assertControlRefused("is not known here", Map.of("size", MIB));
    driver.device.control(
        "resize", new DeviceConfig("work", "disk", Map.of("sizeBytes", MIB, "shrink", true)));
    assertEquals(Blk.S_IOERR, driver.read(2048, 512));
    assertThrows(
        DeviceException.class,
        () -> driver.device.control("eject", new DeviceConfig("work", "disk", Map.of())));
  }

  private void assertControlRefused(String part, Map<String, Object> arguments) {
    String message =
        assertThrows(
                DeviceException.class,
                () -> driver.device.control("resize", new DeviceConfig("work", "disk", arguments)))
            .getMessage();
    assertTrue(message.contains(part), message);
  }

  @Test
  void aFileThatShrinksBehindUsIsAnErrorAndToldAsTrouble() throws Exception {
    driver.start(file, Map.of());
    try (var shrunk = new RandomAccessFile(file.toFile(), "rw")) {
      shrunk.setLength(512);
    }
    assertEquals(Blk.S_IOERR, driver.read(8, 512));
    assertEquals(1, driver.counter("errors"));
    assertTrue(driver.device.trouble().orElseThrow().contains("errno 5"));
    driver.device.control("resize", new DeviceConfig("work", "disk", Map.of()));
    assertEquals(1, driver.configSpace().getLong(0));
  }

  @Test
  void manyRequestsAtOnceOnSlowAndQuickPathsAllComeBack() throws Exception {
    driver.start(file, Map.of("cache", "writethrough", "workers", 4));
    driver.transport.driver(0).useIndirect(true);
    Random random = new Random(9);
    int answered = 0;
    for (int round = 0; round < 20; round++) {
      int sent = 0;
      for (int i = 0; i < 32; i++) {
        long header = driver.header + 64 * i;
        driver.guest.put(
            header,
            ByteBuffer.allocate(16)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putInt(random.nextInt(2))
                .putInt(0)
                .putLong(i * 8)
                .array());
        boolean write = driver.guest.get(header, 1)[0] == Blk.T_OUT;
        long[] addresses = {header, driver.data + i * 4096L, header + 32};
        if (driver
                .transport
                .driver(0)
                .add(addresses, new int[] {16, 4096, 1}, write ? 2 : 1, write ? 1 : 2)
            >= 0) {
          sent++;
        }
      }
      driver.transport.kick(0);
      for (int i = 0; i < sent; i++) {
        assertTrue(driver.transport.await(0, BlkDriver.LIMIT));
        answered++;
      }
    }
    assertEquals(640, answered);
    assertEquals(0, driver.counter("errors"));
    assertEquals(640, driver.counter("read.requests") + driver.counter("write.requests"));
    assertTrue(driver.counter("latency.p99") >= driver.counter("latency.p50"));
  }

  @Test
  void withoutFlushEachWriteIsDurable() throws Exception {
    driver.start(file, Map.of(), TestTransport.SPLIT);
    assertTrue(durable(driver.device));
    driver.device.start(TestTransport.SPLIT | BlkDriver.FLUSH);
    assertFalse(durable(driver.device));
    driver.device.writeConfig(32, ByteBuffer.wrap(new byte[] {0}));
    assertTrue(durable(driver.device));
    assertEquals(0, driver.configSpace().get(32));
    driver.device.stop();
    assertEquals(1, driver.configSpace().get(32));
    assertThrows(
        DeviceException.class, () -> driver.device.writeConfig(0, ByteBuffer.wrap(new byte[8])));
  }

  private static boolean durable(Device device) {
    return ((BlkDevice) device).writesThrough();
  }

  @Test
  void aReplacementKeepsCacheModeSizeAndCounters() throws Exception {
    driver.start(file, Map.of());
    driver.write(0, "before", 512);
    driver.device.writeConfig(32, ByteBuffer.wrap(new byte[] {0}));
    Device next = driver.create(file, Map.of());
    driver.transport.swap(next, BlkDriver.LIMIT);
    driver.device = next;
    assertEquals(Blk.S_OK, driver.read(0, 512));
    assertEquals("before", new String(driver.got(6)));
    assertEquals(1, driver.counter("write.requests"));
    assertEquals(0, driver.configSpace().get(32));
    assertEquals(0, driver.transport.configurationChanges());
  }

  @Test
  void aReplacementThatFindsAnotherSizeTellsTheGuest() throws Exception {
    driver.start(file, Map.of());
    try (var grown = new RandomAccessFile(file.toFile(), "rw")) {
      grown.setLength(8 * MIB);
    }
    Device next = driver.create(file, Map.of());
    driver.transport.swap(next, BlkDriver.LIMIT);
    driver.device = next;
    assertEquals(1, driver.transport.configurationChanges());
  }

  @Test
  void theStateOfTheFirstVersionIsUnderstoodAndTheLongestRequestIsHandedOn() throws Exception {
    driver.start(file, Map.of());
    assertEquals(Blk.S_OK, driver.read(0, 512));
    DeviceState state = driver.device.exportState();
    byte[] first = java.util.Arrays.copyOf(state.bytes(), state.bytes().length - Long.BYTES);
    long longest = driver.counter("latency.max");
    try (Device next = driver.create(file, Map.of());
        Device other = driver.create(file, Map.of())) {
      next.importState(state);
      other.importState(new DeviceState("blk", 1, first));
      assertEquals(longest, counter(next, "latency.max"));
      assertEquals(1, counter(other, "read.requests"));
      assertEquals(0, counter(other, "latency.max"));
    }
  }

  private static long counter(Device device, String name) {
    return device.counters().stream()
        .filter(counter -> counter.name().equals(name))
        .findFirst()
        .orElseThrow()
        .value();
  }

  @Test
  void aStateOfAnotherVersionIsRefused() throws Exception {
    driver.start(file, Map.of());
    try (Device next = driver.create(file, Map.of())) {
      assertThrows(
          DeviceException.class, () -> next.importState(new DeviceState("blk", 3, new byte[97])));
      assertThrows(
          DeviceException.class, () -> next.importState(new DeviceState("blk", 2, new byte[89])));
      assertThrows(
          DeviceException.class, () -> next.importState(new DeviceState("rng", 1, new byte[89])));
      assertThrows(
          DeviceException.class, () -> next.importState(new DeviceState("blk", 1, new byte[3])));
    }
  }

  @Test
  void aLimitDelaysRequestsAndLosesNone() throws Exception {
    driver.start(file, Map.of("operationsPerSecond", 100));
    int rounds = 30;
    for (int i = 0; i < rounds; i++) {
      driver.putHeader(Blk.T_IN, i);
      long[] addresses = {driver.header, driver.data, driver.status};
      while (driver.transport.driver(0).add(addresses, new int[] {16, 512, 1}, 1, 2) < 0) {
        throw new AssertionError("queue full");
      }
      driver.transport.kick(0);
      while (!driver.transport.driver(0).takeUsed()) {
        assertTrue(driver.transport.serveWoken(0, BlkDriver.LIMIT), "never woken");
      }
    }
    assertEquals(rounds, driver.counter("read.requests"));
    assertTrue(driver.counter("throttled") > 0);
  }

  @Test
  void configurationErrorsNameTheKeyAndWhatIsAllowed() {
    assertMessage(Map.of("cache", "none"), "cache must be writeback or writethrough");
    assertMessage(Map.of("queues", 0), "queues must be from 1 to 64, not 0");
    assertMessage(Map.of("serial", "x".repeat(21)), "serial must be at most 20 characters long");
    assertMessage(
        Map.of("readonly", true), "readonly is not known here; known are path, volume, readOnly");
    assertMessage(Map.of("volume", 7), "volume must be the name of a volume");
    assertMessage(Map.of("readOnly", "maybe"), "readOnly must be true or false, not maybe");
    String missing =
        assertThrows(
                DeviceException.class,
                () ->
                    new BlkFactory(BlkDriver.LEASES, folder)
                        .check(new DeviceConfig("work", "disk", Map.of())))
            .getMessage();
    assertEquals(
        "guest 'work', device 'disk': path is missing; give it, as in \"path\": \"disk.img\"",
        missing);
  }

  private String refusal(String path) {
    return assertThrows(
            DeviceException.class,
            () ->
                new BlkFactory(BlkDriver.LEASES, folder)
                    .create(
                        new DeviceConfig("work", "disk", Map.of("path", path)), driver.transport))
        .getMessage()
        .replace("guest 'work', device 'disk': path can't be used: ", "");
  }

  @Test
  void aFileThatCanNotBeADiskIsToldPlainly() throws Exception {
    Path missing = folder.resolve("disks/disk.img");
    assertEquals(
        "there is no file " + missing + "; put it there, or give an absolute path",
        refusal("disk.img"));
    assertEquals(
        "there is no file " + folder.resolve("none") + "; make it, or give another",
        refusal(folder.resolve("none").toString()));
    assertEquals(
        folder + " is a folder; give a file or a block device", refusal(folder.toString()));
    assertEquals("/dev/null is neither a file nor a block device", refusal("/dev/null"));
    DeviceConfig config = new DeviceConfig("work", "disk", Map.of("path", "/a"));
    String user = System.getProperty("user.name");
    assertEquals(
        "guest 'work', device 'disk': path can't be used: Lodge, which runs as "
            + user
            + ", may not read and write /a",
        Unusable.of(Path.of("/a"), true, config, new LinuxException("open", 13, "denied"))
            .getMessage());
  }

  @Test
  void theFolderOfDisksIsMade() throws Exception {
    BundleContext context =
        (BundleContext)
            Proxy.newProxyInstance(
                BundleContext.class.getClassLoader(),
                new Class<?>[] {BundleContext.class},
                (proxy, method, arguments) -> folder.resolve("state").toString());
    new BlkFactory(BlkDriver.LEASES, context);
    assertTrue(Files.isDirectory(folder.resolve("state/disks")));
  }

  @Test
  void aFileThatIsWrittenIsMadeToEndWithAWholeSector() throws Exception {
    byte[] odd = new byte[1000];
    Arrays.fill(odd, (byte) 7);
    Files.write(file, odd);
    driver.start(file, Map.of());
    assertEquals(1024, Files.size(file));
    assertArrayEquals(Arrays.copyOf(odd, 1024), Files.readAllBytes(file));
    assertEquals(Optional.empty(), driver.device.trouble());
  }

  @Test
  void whatIsCutOffAFileThatIsOnlyReadIsTold() throws Exception {
    Files.write(file, new byte[1000]);
    driver.start(file, Map.of("readOnly", true));
    assertEquals(1000, Files.size(file));
    String told = driver.device.trouble().orElseThrow();
    assertTrue(told.startsWith("the guest does not see the last 488 bytes of " + file), told);
  }

  private void assertMessage(Map<String, Object> values, String part) {
    String message =
        assertThrows(DeviceException.class, () -> driver.create(file, values)).getMessage();
    assertTrue(message.contains("guest 'work', device 'disk': " + part), message);
  }

  @Test
  void aRelativePathIsInTheFolderOfDisks() throws Exception {
    Files.createDirectories(folder.resolve("disks"));
    Files.write(folder.resolve("disks/a.img"), new byte[512]);
    new BlkFactory(BlkDriver.LEASES, folder)
        .create(new DeviceConfig("work", "disk", Map.of("path", "a.img")), driver.transport)
        .close();
  }

  @Test
  void directDisksTakeGuestBuffersOfAnyAlignment() throws Exception {
    Path aligned =
        Files.copy(file, Path.of("target/direct-disk").toAbsolutePath(), REPLACE_EXISTING);
    try {
      driver.start(aligned, Map.of("direct", true));
    } catch (DeviceException e) {
      assertTrue(e.getMessage().contains("its file system refuses"), e.getMessage());
      return;
    }
    byte[] expected = Files.readAllBytes(aligned);
    for (int shift : new int[] {0, 1, 511, 512, 4095}) {
      for (int sector : new int[] {0, 8, 3}) {
        for (int length : new int[] {4096, 512, 8192, 600 * 1024}) {
          driver.putHeader(Blk.T_IN, sector);
          long[] addresses = {driver.header, driver.data + shift, driver.status};
          assertEquals(Blk.S_OK, driver.request(addresses, new int[] {16, length, 1}, 1, 2));
          assertArrayEquals(
              Arrays.copyOfRange(expected, sector * 512, sector * 512 + length),
              driver.guest.get(driver.data + shift, length));
        }
      }
    }
  }

  @Test
  void severalQueuesWorkOnOneFile() throws Exception {
    driver.start(file, Map.of("queues", 2));
    driver.putHeader(Blk.T_IN, 7);
    byte[] expected = Arrays.copyOfRange(Files.readAllBytes(file), 7 * 512, 8 * 512);
    for (int queue : IntStream.range(0, 2).toArray()) {
      driver.guest.put(driver.data, new byte[512]);
      long[] addresses = {driver.header, driver.data, driver.status};
      driver.transport.driver(queue).add(addresses, new int[] {16, 512, 1}, 1, 2);
      driver.transport.kick(queue);
      assertTrue(driver.transport.await(queue, BlkDriver.LIMIT));
      assertArrayEquals(expected, driver.got(512));
    }
  }
}
