package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Feature;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.Virtqueue;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.EchoDevice;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.ring.GuestMemory;
import org.lodge.virtio.ring.MemoryRegion;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingPosition;

/** What happens to requests when rings, devices and memory come and go. */
class RingLifeTest {
  private static final int SIZE = 16;
  private static final Duration SHORT = Duration.ofMillis(20);

  private final GuestArena guest = new GuestArena(64 << 20);
  private final RingsComponent rings = new RingsComponent();
  private final AtomicInteger released = new AtomicInteger();
  private final GuestMemory memory = rings.memory(guest.regions(), released::incrementAndGet);
  private final long buffer = guest.allocate(64 * 1024, 4096);
  private final Keeper keeper = new Keeper();

  static List<Long> kinds() {
    return new ArrayList<>(RingTest.kinds().toList());
  }

  @AfterEach
  void close() {
    guest.close();
  }

  private Ring open(DriverQueue driver, RingPosition position, MemorySegment inflight)
      throws Exception {
    return rings.open(
        driver.setup(0, position, Optional.ofNullable(inflight)), memory, new NoPort());
  }

  private void add(DriverQueue driver, int count) {
    for (int i = 0; i < count; i++) {
      assertTrue(driver.add(new long[] {buffer, buffer + 64}, new int[] {8, 8}, 1, 1) >= 0);
    }
  }

  private static int used(DriverQueue driver) {
    int count = 0;
    while (driver.takeUsed()) {
      count++;
    }
    return count;
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aCompletionAfterTheRingWasClosedIsDropped(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    Ring ring = open(driver, RingPosition.FIRST, null);
    add(driver, 2);
    ring.serve(keeper);
    memory.release();
    ring.close();
    assertEquals(0, released.get(), "memory of a request that is out must stay");
    keeper.completeAll();
    assertEquals(0, used(driver));
    assertEquals(2, ring.counters().lateCompletions());
    assertEquals(1, released.get());
  }

  /** As of a device that was to take over, was refused, and comes back late. */
  @ParameterizedTest
  @MethodSource("kinds")
  void whoDoesNotServeGetsNoRequest(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    Ring ring = open(driver, RingPosition.FIRST, null);
    add(driver, 1);
    assertNull(ring.poll());
    ring.serve(new EchoDevice());
    assertEquals(1, used(driver));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aRingGoesOnWhereItWasClosed(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    boolean packed = Feature.RING_PACKED.in(features);
    RingPosition position = RingPosition.FIRST;
    for (int round = 0; round < 30; round++) {
      Ring ring = open(driver, position, null);
      add(driver, 1 + round % 7);
      ring.serve(new EchoDevice());
      assertEquals(1 + round % 7, used(driver));
      int base = ring.close().base(packed);
      position = packed ? RingPosition.ofPacked(base) : RingPosition.ofSplit(base);
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aPausedRingGivesNothingAndDrains(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    Ring ring = open(driver, RingPosition.FIRST, null);
    add(driver, 2);
    ring.serve(keeper);
    ring.pause();
    add(driver, 1);
    ring.serve(keeper);
    assertEquals(2, keeper.kept.size());
    assertFalse(ring.awaitIdle(SHORT));
    Thread.ofVirtual().start(keeper::completeAll);
    assertTrue(ring.awaitIdle(Duration.ofSeconds(10)));
    ring.resume();
    ring.serve(new EchoDevice());
    assertEquals(3, used(driver));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void whatOneDeviceHandsBackTheNextIsGivenInOrder(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    Ring ring = open(driver, RingPosition.FIRST, null);
    for (int i = 1; i <= 4; i++) {
      driver.add(new long[] {buffer, buffer + 64}, new int[] {i, 8}, 1, 1);
    }
    ring.serve(keeper);
    ring.pause();
    keeper.kept.remove(1).complete(0);
    keeper.kept.reversed().forEach(DescriptorChain::handBack);
    assertTrue(ring.awaitIdle(SHORT));
    ring.resume();
    var next = new Keeper();
    ring.serve(next);
    assertEquals(
        List.of(1L, 3L, 4L), next.kept.stream().map(DescriptorChain::readableBytes).toList());
    next.completeAll();
    assertEquals(4, used(driver));
    assertEquals(3, ring.counters().resubmitted());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void whatWasHandedBackLastIsNotCountedAsTaken(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    MemorySegment inflight = inflight(features);
    Ring ring = open(driver, RingPosition.FIRST, inflight);
    add(driver, 5);
    ring.serve(keeper);
    keeper.kept.removeFirst().complete(0);
    keeper.kept.removeFirst().complete(0);
    keeper.kept.forEach(DescriptorChain::handBack);
    RingPosition position = ring.close();
    Ring next = open(driver, position, inflight);
    next.serve(new EchoDevice());
    assertEquals(5, used(driver));
    assertEquals(0, next.counters().resubmitted());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void theAreaOfAClosedRingKnowsWhereItWasUntilItIsSettled(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    MemorySegment inflight = inflight(features);
    Ring ring = open(driver, RingPosition.FIRST, inflight);
    add(driver, 5);
    ring.serve(new EchoDevice());
    assertEquals(5, used(driver));
    ring.close();
    Ring next = open(driver, RingPosition.FIRST, inflight);
    next.serve(keeper);
    assertEquals(List.of(), keeper.kept, "done twice where the position was not written down");
    next.close();
    rings.settleInflight(inflight, SIZE, Feature.RING_PACKED.in(features));
    DriverQueue other = DriverQueue.create(guest, SIZE, features);
    Ring ofAnother = open(other, RingPosition.FIRST, inflight);
    add(other, 2);
    ofAnother.serve(new EchoDevice());
    assertEquals(2, used(other));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void anAreaIsNotSettledWhileRequestsAreInFlight(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    MemorySegment inflight = inflight(features);
    Ring ring = open(driver, RingPosition.FIRST, inflight);
    add(driver, 3);
    ring.serve(keeper);
    RingPosition position = ring.close();
    rings.settleInflight(inflight, SIZE, Feature.RING_PACKED.in(features));
    Ring next = open(driver, position, inflight);
    next.serve(new EchoDevice());
    assertEquals(3, used(driver));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aRequestStaysInTheMemoryItWasTakenUnder(long features) throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, features);
    Ring ring = open(driver, RingPosition.FIRST, null);
    add(driver, 1);
    ring.serve(keeper);
    GuestMemory other = rings.memory(guest.regions(), () -> {});
    memory.release();
    ring.replaceMemory(other);
    assertEquals(0, released.get());
    add(driver, 1);
    ring.serve(new EchoDevice());
    assertEquals(1, used(driver));
    keeper.completeAll();
    assertEquals(1, released.get());
    assertEquals(1, used(driver));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void afterACrashExactlyTheRequestsInFlightBeginAgain(long features) throws Exception {
    Random random = new Random(11);
    for (int round = 0; round < 60; round++) {
      DriverQueue driver = DriverQueue.create(guest, SIZE, features);
      MemorySegment inflight = inflight(features);
      RingPosition unknown = RingPosition.FIRST;
      int added = 0;
      int returned = 0;
      for (int crash = 0; crash < 4; crash++) {
        Ring ring = open(driver, unknown, inflight);
        Keeper device = new Keeper();
        ring.serve(device);
        while (random.nextInt(8) > 0) {
          driver.useIndirect(Feature.INDIRECT_DESC.in(features) && random.nextBoolean());
          int shape = random.nextInt(3);
          long[] addresses = {buffer, buffer + 64, buffer + 128};
          if (driver.add(addresses, new int[] {8, 8, 8}, shape, 3 - shape) >= 0) {
            added++;
          }
          ring.serve(device);
          while (!device.kept.isEmpty() && random.nextInt(3) > 0) {
            device.kept.remove(random.nextInt(device.kept.size())).completeBatched(0);
            if (random.nextBoolean()) {
              ring.publish();
            }
          }
          returned += used(driver);
        }
      }
      Ring last = open(driver, unknown, inflight);
      last.serve(new EchoDevice());
      returned += used(driver);
      assertEquals(added, returned, "round " + round);
      assertFalse(last.broken());
    }
  }

  private MemorySegment inflight(long features) {
    return Arena.ofAuto().allocate(rings.inflightBytes(SIZE, Feature.RING_PACKED.in(features)), 64);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void anInflightAreaOfAnotherQueueOrOfGarbageIsRefused(long features) throws Exception {
    Random random = new Random(5);
    int refused = 0;
    for (int round = 0; round < 400; round++) {
      DriverQueue driver = DriverQueue.create(new GuestArena(8192), SIZE, features);
      MemorySegment area = inflight(features);
      area.asByteBuffer().put(randomBytes(random, (int) area.byteSize()));
      area.set(java.lang.foreign.ValueLayout.JAVA_SHORT, 8, (short) 1);
      if (Feature.RING_PACKED.in(features)) {
        area.set(java.lang.foreign.ValueLayout.JAVA_SHORT, 8, (short) 0x8001);
      }
      area.set(java.lang.foreign.ValueLayout.JAVA_SHORT, 10, (short) SIZE);
      GuestMemory own = rings.memory(driver.guest().regions(), () -> {});
      try {
        rings
            .open(driver.setup(0, RingPosition.FIRST, Optional.of(area)), own, new NoPort())
            .serve(new EchoDevice());
      } catch (RingException e) {
        refused++;
      }
      driver.guest().close();
    }
    assertTrue(refused > 200, "only " + refused);
  }

  private static byte[] randomBytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  @Test
  void aRequestCompletedTwiceIsTheDevicesFault() throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, Feature.VERSION_1.mask());
    Ring ring = open(driver, RingPosition.FIRST, null);
    add(driver, 1);
    ring.serve(keeper);
    DescriptorChain chain = keeper.kept.getFirst();
    assertThrows(IllegalArgumentException.class, () -> chain.complete(9));
    chain.complete(8);
    assertThrows(IllegalStateException.class, () -> chain.complete(8));
  }

  @Test
  void memoryThatIsTruncatedUnderTheRingBreaksTheRingOnly() throws Exception {
    Path file = Files.createTempFile("lodge", "guest");
    try (Arena arena = Arena.ofShared();
        FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 16, arena);
      var shrinking = new GuestArena(List.of(new MemoryRegion(1 << 20, mapped)));
      DriverQueue driver = DriverQueue.create(shrinking, SIZE, Feature.VERSION_1.mask());
      Ring ring =
          rings.open(driver.setup(0), rings.memory(shrinking.regions(), () -> {}), new NoPort());
      driver.add(new long[] {(1 << 20) + 8192, (1 << 20) + 12288}, new int[] {8, 8}, 1, 1);
      channel.truncate(0);
      try {
        ring.serve(keeper);
        ring.serve(keeper);
      } catch (RingException e) {
        assertEquals(RingFault.MEMORY_FAULT, e.fault());
      } catch (InternalError e) {
        assertTrue(e.getMessage().contains("fault occurred"), "reported late");
      }
      ring.close();
    } finally {
      Files.delete(file);
    }
  }

  /** In serve, on a thread of its own, until it is let go. */
  private static final class Stuck {
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch leave = new CountDownLatch(1);
    private final Thread queueThread;

    /**
     * @param holding whether it has a request by then
     */
    Stuck(Ring ring, boolean holding) throws InterruptedException {
      var device =
          new EchoDevice() {
            @Override
            public void serve(Virtqueue queue) throws RingException {
              if (!holding) {
                hang();
              }
              super.serve(queue);
            }

            @Override
            protected void handle(DescriptorChain chain) {
              if (holding) {
                hang();
              }
              super.handle(chain);
            }
          };
      queueThread =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  ring.serve(device);
                } catch (RingException e) {
                  throw new AssertionError(e);
                }
              });
      entered.await();
    }

    private void hang() {
      entered.countDown();
      try {
        leave.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Test
  void aDeviceThatDoesNotComeBackHoldsNobodyForEver() throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, Feature.VERSION_1.mask());
    Ring ring = open(driver, RingPosition.FIRST, null);
    add(driver, 2);
    Stuck stuck = new Stuck(ring, true);
    assertFalse(ring.pause(SHORT));
    stuck.leave.countDown();
    assertTrue(ring.pause(Duration.ofSeconds(10)));
    stuck.queueThread.join();
    assertEquals(1, used(driver), "a paused ring takes no more");
  }

  @Test
  void aRingClosedUnderADeviceHoldsItsMemoryUntilItIsBack() throws Exception {
    DriverQueue driver = DriverQueue.create(guest, SIZE, Feature.VERSION_1.mask());
    Ring ring = open(driver, RingPosition.FIRST, null);
    memory.release();
    add(driver, 1);
    Stuck stuck = new Stuck(ring, false);
    ring.close(SHORT);
    assertEquals(0, released.get(), "it may be about to look into the ring");
    stuck.leave.countDown();
    stuck.queueThread.join();
    assertEquals(1, released.get());
    assertEquals(0, used(driver));
  }

  @Test
  void memoryIsLetGoOnce() {
    memory.retain();
    memory.release();
    memory.release();
    assertEquals(1, released.get());
    assertThrows(IllegalStateException.class, memory::retain);
  }
}
