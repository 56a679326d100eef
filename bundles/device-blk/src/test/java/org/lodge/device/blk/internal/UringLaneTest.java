package org.lodge.device.blk.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.linux.IoUring;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.TestTransport;

/** Many requests at once, past the page cache and through it, each of which is checked. */
class UringLaneTest {
  private static final int SLOTS = 20;
  private static final int SLOT_BYTES = 12 * 1024;
  private static final int BLOCKS = 512;
  private static final int REQUESTS = 3000;

  private final Random random = new Random(11);
  private final BlkDriver driver = new BlkDriver();
  private final byte[] expected = new byte[BLOCKS * 4096];
  private final long[] headers = new long[SLOTS];
  private final long[] datas = new long[SLOTS];
  private final int[] blockOf = new int[SLOTS];
  private final int[] shiftOf = new int[SLOTS];
  private final boolean[] writes = new boolean[SLOTS];
  private final boolean[] busy = new boolean[BLOCKS];
  private final int[] slotOf = new int[64];
  private Path file;
  private boolean direct = true;
  private int out;

  /** In the build's folder, because a temporary file system may know no direct I/O. */
  @BeforeEach
  void aDisk() throws Exception {
    random.nextBytes(expected);
    file = Files.createTempFile(Path.of("target").toAbsolutePath(), "direct", ".img");
    Files.write(file, expected);
    for (int slot = 0; slot < SLOTS; slot++) {
      headers[slot] = driver.guest.allocate(32, 16);
      datas[slot] = driver.guest.allocate(SLOT_BYTES, 4096);
    }
  }

  @AfterEach
  void theDiskGoes() throws Exception {
    driver.close();
    Files.delete(file);
  }

  private Device device(UringLane.RingMaker ringMaker) throws DeviceException {
    var config = BlkDriver.config(file, Map.of("direct", direct));
    BlkSettings settings = BlkSettings.read(config, Path.of("/nowhere"));
    try {
      Disk disk = Disk.open(settings, config);
      BlkCounters counters = new BlkCounters();
      Medium medium = new FileMedium(settings, disk, () -> {}, config, counters, ringMaker);
      return new BlkDevice(settings, medium, counters, config, driver.transport);
    } catch (DeviceException e) {
      Assumptions.abort(e.getMessage());
      throw e;
    }
  }

  private void start(UringLane.RingMaker ringMaker) throws Exception {
    driver.device = device(ringMaker);
    driver.transport.start(driver.device, TestTransport.SPLIT | BlkDriver.FLUSH, 64);
    driver.transport.driver(0).useIndirect(true);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void manyRequestsAtOnceAreEachAnsweredWithTheirData(boolean pastTheCache) throws Exception {
    direct = pastTheCache;
    start(IoUring::create);
    load();
    assertEquals(REQUESTS, driver.counter("read.requests") + driver.counter("write.requests"));
    assertArrayEquals(expected, Files.readAllBytes(file));
  }

  /** A {@code tmpfs} can't tell whether a read would wait. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFileSystemThatAlwaysWaitsDoesAsWell(boolean pastTheCache) throws Exception {
    direct = pastTheCache;
    Files.delete(file);
    file = Files.createTempFile(Path.of("/dev/shm"), "direct", ".img");
    Files.write(file, expected);
    start(IoUring::create);
    load();
    assertArrayEquals(expected, Files.readAllBytes(file));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void threadsDoTheWorkWhereTheKernelHasNoRing(boolean pastTheCache) throws Exception {
    direct = pastTheCache;
    start(entries -> {
      throw new LinuxException("io_uring_setup", LinuxException.EPERM, "forbidden");
    });
    load();
    assertArrayEquals(expected, Files.readAllBytes(file));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aSuccessorTakesOverWhileTheKernelIsAtWork(boolean pastTheCache) throws Exception {
    direct = pastTheCache;
    start(IoUring::create);
    for (int takeover = 0; takeover < 20; takeover++) {
      fillTo(SLOTS);
      Device next = device(IoUring::create);
      driver.transport.swap(next, BlkDriver.LIMIT);
      driver.device = next;
    }
    finish();
    assertArrayEquals(expected, Files.readAllBytes(file));
  }

  /** A thread that waits without sleeping serves then, and finds no new request. */
  @Test
  void whatIsSaidToHaveEndedIsAnsweredInTheNextTurn() throws Exception {
    start(IoUring::create);
    int answered = 0;
    for (int round = 0; round < 50; round++) {
      fillTo(4);
      while (driver.transport.driver(0).takeUsed()) {
        check();
      }
      if (driver.transport.awaitEnded(0, Duration.ofMillis(10))) {
        driver.transport.serve(0);
        if (driver.transport.driver(0).takeUsed()) {
          check();
          // What is not aligned is the workers'.
          answered += shiftOf[slotOf[driver.transport.driver(0).usedId()]] == 0 ? 1 : 0;
        }
      }
      finish();
    }
    assertTrue(answered > 0);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anErrorOfTheFileIsTheRequestsAlone(boolean pastTheCache) throws Exception {
    direct = pastTheCache;
    start(IoUring::create);
    try (var shorter = FileChannel.open(file, StandardOpenOption.WRITE)) {
      shorter.truncate(4096);
    }
    for (int i = 0; i < 2; i++) {
      put(i, Blk.T_IN, i);
      add(i, 0, false);
    }
    driver.transport.kick(0);
    take();
    take();
    assertEquals(Blk.S_OK, status(0));
    assertEquals(Blk.S_IOERR, status(1));
  }

  /** A depth that changes, often down to one: a lost wake-up shows only there. */
  private void load() throws Exception {
    for (int begun = 0; begun < REQUESTS; ) {
      int before = out;
      fillTo(
          Math.min(random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(SLOTS), out + REQUESTS - begun));
      begun += out - before;
      takeAndCheck();
    }
    finish();
  }

  private void finish() throws Exception {
    while (out > 0) {
      takeAndCheck();
    }
  }

  private void fillTo(int depth) throws Exception {
    for (int slot = 0; slot < SLOTS && out < depth; slot++) {
      if (blockOf[slot] == 0) {
        begin(slot);
      }
    }
    driver.transport.kick(0);
  }

  /** Reads or writes a block that nobody else uses, in memory that is seldom not aligned. */
  private void begin(int slot) {
    int block = 1 + random.nextInt(BLOCKS - 1);
    while (busy[block]) {
      block = 1 + random.nextInt(BLOCKS - 1);
    }
    busy[block] = true;
    blockOf[slot] = block;
    shiftOf[slot] = random.nextInt(10) == 0 ? 100 : 0;
    writes[slot] = random.nextBoolean();
    if (writes[slot]) {
      byte[] fresh = new byte[4096];
      random.nextBytes(fresh);
      System.arraycopy(fresh, 0, expected, block * 4096, 4096);
      driver.guest.put(datas[slot] + shiftOf[slot], fresh);
    }
    put(slot, writes[slot] ? Blk.T_OUT : Blk.T_IN, block);
    slotOf[add(slot, shiftOf[slot], writes[slot])] = slot;
    out++;
  }

  private void put(int slot, int type, int block) {
    var header = driver.guest.at(headers[slot], 17);
    header.set(ValueLayout.JAVA_INT, 0, type);
    header.set(ValueLayout.JAVA_LONG, 8, block * 8L);
    header.set(ValueLayout.JAVA_BYTE, 16, (byte) 0xee);
  }

  private int add(int slot, int shift, boolean write) {
    long[] addresses = {headers[slot], datas[slot] + shift, headers[slot] + 16};
    return driver
        .transport
        .driver(0)
        .add(addresses, new int[] {16, 4096, 1}, write ? 2 : 1, write ? 1 : 2);
  }

  private int status(int slot) {
    return driver.guest.get(headers[slot] + 16, 1)[0];
  }

  private void take() {
    DriverQueue queue = driver.transport.driver(0);
    if (!queue.takeUsed()) {
      queue.wantCalls(true);
      if (!driver.transport.await(0, BlkDriver.LIMIT)) {
        throw new AssertionError("no answer, %d are out".formatted(out));
      }
    }
  }

  private void takeAndCheck() {
    take();
    check();
  }

  private void check() {
    int slot = slotOf[driver.transport.driver(0).usedId()];
    assertEquals(Blk.S_OK, status(slot));
    int block = blockOf[slot];
    if (!writes[slot]) {
      byte[] wanted = Arrays.copyOfRange(expected, block * 4096, block * 4096 + 4096);
      assertArrayEquals(wanted, driver.guest.get(datas[slot] + shiftOf[slot], 4096));
    }
    busy[block] = false;
    blockOf[slot] = 0;
    out--;
  }
}
