package org.lodge.nbd.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.blocks.BlockIo.Kind;

/** What holds of a disk whose server goes and comes. */
@Timeout(120)
class NbdDiskTest {
  private static final int SIZE = 1 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path folder;

  private Path socket() {
    return folder.resolve("nbd.sock");
  }

  private TestDisk disk(Duration patience) {
    return new TestDisk(socket(), "data", false, patience, 1 << 20);
  }

  private static byte[] filled(int bytes, int with) {
    byte[] data = new byte[bytes];
    Arrays.fill(data, (byte) with);
    return data;
  }

  /**
   * Requests of all kinds, many at once, none that overlap at once; the server's machine loses its
   * power again and again. Whatever was told to be done must be seen by every later read, and must
   * be durable at the end.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void whatWasDoneStaysDoneThoughTheServersMachineLosesItsPower(long seed) throws Exception {
    Random random = new Random(seed);
    byte[] model = new byte[SIZE];
    int crashes = 0;
    try (CachingServer server = new CachingServer(socket(), SIZE, seed % 2 == 0, seed);
        TestDisk lodge = disk(PATIENCE).open()) {
      for (int round = 0; round < 150; round++) {
        List<TestIo> ios = new ArrayList<>();
        for (int region = 0; region < 16; region++) {
          ios.add(any(random, region).submitTo(lodge.disk));
        }
        if (random.nextInt(5) == 0) {
          server.crash();
          crashes++;
        }
        for (TestIo io : ios) {
          assertEquals(0, io.await(), io.toString());
          apply(io, model);
        }
      }
      assertEquals(0, TestIo.flush().submitTo(lodge.disk).await());
      assertArrayEquals(model, server.durable());
      assertTrue(crashes > 5);
      assertTrue(lodge.count("source.repeated") > 0, "something had to be repeated");
      assertEquals(crashes + 1, lodge.count("source.connects"), 3);
    }
  }

  private static TestIo any(Random random, int region) {
    int offset = region * SIZE / 16 + 512 * random.nextInt(32);
    int bytes = 512 * (1 + random.nextInt(90));
    switch (random.nextInt(10)) {
      case 0, 1, 2:
        return TestIo.read(offset, bytes);
      case 3:
        return TestIo.flush();
      case 4:
        return TestIo.range(random.nextBoolean() ? Kind.ZERO : Kind.DISCARD, offset, bytes);
      default:
        byte[] data = new byte[bytes];
        random.nextBytes(data);
        TestIo write = TestIo.write(offset, data);
        write.durable = random.nextInt(4) == 0;
        return write;
    }
  }

  private static void apply(TestIo io, byte[] model) {
    int from = (int) io.offset();
    switch (io.kind()) {
      case READ -> assertArrayEquals(Arrays.copyOfRange(model, from, from + io.bytes()), io.data);
      case WRITE -> System.arraycopy(io.data, 0, model, from, io.bytes());
      case FLUSH -> {}
      default -> Arrays.fill(model, from, from + io.bytes(), (byte) 0);
    }
  }

  @Test
  void requestsWaitForAServerThatIsAwayAndFailAtOnceWhenItIsAwayForTooLong() throws Exception {
    try (CachingServer server = new CachingServer(socket(), SIZE, true, 1);
        TestDisk lodge = disk(PATIENCE).open()) {
      assertTrue(lodge.disk.presence().trouble("data").isEmpty());
      server.stop();
      TestIo waits = TestIo.write(0, filled(512, 1)).submitTo(lodge.disk);
      while (!lodge.disk.presence().trouble("data").orElse("").contains("waiting for")) {
        Thread.sleep(10);
      }
      assertFalse(waits.isOver());
      server.restart();
      assertEquals(0, waits.await());

      lodge.disk.presence().hurry(Duration.ofMillis(200));
      server.stop();
      TestIo read = TestIo.read(0, 512).submitTo(lodge.disk);
      TestIo write = TestIo.write(0, filled(512, 2)).submitTo(lodge.disk);
      assertEquals(Nbd.EIO, read.await());
      assertEquals(Nbd.EIO, write.await());
      TestIo flush = TestIo.flush().submitTo(lodge.disk);
      assertTrue(flush.isOver(), "no second wait");
      assertEquals(Nbd.EIO, flush.await());
      server.restart();
      lodge.open();
      TestIo after = TestIo.read(0, 512).submitTo(lodge.disk);
      assertEquals(0, after.await());
      assertArrayEquals(filled(512, 1), after.data, "told to be done before, so it is there");
    }
  }

  @Test
  void theLogOfWritesIsBoundedAndFlushesByItself() throws Exception {
    try (CachingServer server = new CachingServer(socket(), SIZE, false, 1);
        TestDisk lodge = disk(PATIENCE).open()) {
      for (int i = 0; i < 200; i++) {
        List<TestIo> ios = new ArrayList<>();
        for (int part = 0; part < 4; part++) {
          ios.add(TestIo.write(part * (SIZE / 4), filled(SIZE / 4, i + 1)).submitTo(lodge.disk));
        }
        for (TestIo io : ios) {
          assertEquals(0, io.await());
        }
      }
      server.crash();
      TestIo read = TestIo.read(SIZE / 2, 4096).submitTo(lodge.disk);
      assertEquals(0, read.await());
      assertArrayEquals(filled(4096, 200), read.data);
      assertTrue(lodge.count("source.repeated") <= 4, "no more than the log holds");
    }
  }

  @Test
  void whatWaitsForAServerThatIsAwayCanBeTakenBackAndAskedForAgain() throws Exception {
    try (CachingServer server = new CachingServer(socket(), SIZE, true, 1);
        TestDisk lodge = disk(PATIENCE).open()) {
      server.stop();
      List<TestIo> ios =
          List.of(TestIo.write(0, filled(4096, 7)), TestIo.read(8192, 512), TestIo.flush());
      ios.forEach(io -> io.submitTo(lodge.disk));
      while (lodge.disk.presence().trouble("data").isEmpty()) {
        Thread.onSpinWait();
      }
      lodge.disk.withdraw(ios::contains);
      for (TestIo io : ios) {
        assertEquals(TestIo.WITHDRAWN, io.await());
      }
      TestIo again = TestIo.write(0, filled(4096, 7)).submitTo(lodge.disk);
      server.restart();
      assertEquals(0, again.await());
    }
  }

  @Test
  void aDiskThatHasShrunkIsNotTheSame() throws Exception {
    try (CachingServer server = new CachingServer(socket(), SIZE, true, 1);
        TestDisk lodge = disk(PATIENCE).open()) {
      server.stop();
      try (CachingServer other = new CachingServer(socket(), SIZE / 2, true, 1)) {
        assertEquals(SIZE / 2, other.durable().length);
        while (!lodge.disk.presence().reason().contains("not the same disk")) {
          Thread.sleep(10);
        }
        assertFalse(lodge.disk.presence().awaitOpen(Duration.ofMillis(300)));
      }
    }
  }
}
