package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.virtio.Feature;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.EchoDevice;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.PackedDriver;
import org.lodge.virtio.fixture.SplitDriver;
import org.lodge.virtio.fixture.TestTransport;
import org.lodge.virtio.ring.RingPosition;
import org.lodge.virtio.ring.RingSetup;

/** Each way to break the rules breaks the queue once, by name, and nothing else. */
class RingFaultTest {
  private static final int SIZE = 16;
  private static final int NEXT = 1;
  private static final int WRITE = 2;
  private static final int INDIRECT = 4;

  private final GuestArena guest = new GuestArena(0x1000_0000L, 1 << 20, 1 << 20);
  private final EchoDevice device = new EchoDevice();
  private TestTransport splitTransport;
  private TestTransport packedTransport;
  private SplitDriver split;
  private PackedDriver packed;
  private long buffer;

  @BeforeEach
  void open() throws Exception {
    splitTransport = new TestTransport(guest).start(new EchoDevice(), TestTransport.SPLIT, SIZE);
    packedTransport = new TestTransport(guest).start(new EchoDevice(), TestTransport.PACKED, SIZE);
    split = (SplitDriver) splitTransport.driver(0);
    packed = (PackedDriver) packedTransport.driver(0);
    buffer = guest.allocate(64 * 1024, 4096);
  }

  @AfterEach
  void close() {
    splitTransport.close();
    packedTransport.close();
    guest.close();
  }

  private void splitBreaks(RingFault fault) {
    breaks(splitTransport, fault);
  }

  private void packedBreaks(RingFault fault) {
    breaks(packedTransport, fault);
  }

  private void breaks(TestTransport transport, RingFault fault) {
    var thrown = assertThrows(RingException.class, () -> transport.ring(0).serve(device));
    assertEquals(fault, thrown.fault());
    assertEquals(0, thrown.getStackTrace().length, "a fault must be cheap");
    assertTrue(transport.ring(0).broken());
    assertEquals(0, transport.ring(0).inFlight());
    try {
      transport.ring(0).serve(device);
    } catch (RingException e) {
      throw new AssertionError("a broken queue must be silent", e);
    }
  }

  @Test
  void aDescriptorLoopEndsAfterAsManyStepsAsTheQueueIsLong() {
    split.setDescriptor(0, buffer, 16, NEXT, 1);
    split.setDescriptor(1, buffer, 16, NEXT, 0);
    split.publish(0);
    splitBreaks(RingFault.CHAIN_TOO_LONG);
  }

  @Test
  void aPackedChainWithoutEndIsRefused() {
    for (int i = 0; i < SIZE; i++) {
      packed.publish(buffer, 16, 0, NEXT);
    }
    packedBreaks(RingFault.CHAIN_TOO_LONG);
  }

  @Test
  void aNextDescriptorOutsideTheTableIsRefused() {
    split.setDescriptor(0, buffer, 16, NEXT, SIZE);
    split.publish(0);
    splitBreaks(RingFault.NEXT_OUT_OF_RANGE);
  }

  @Test
  void aHeadOutsideTheTableIsRefused() {
    split.publish(SIZE);
    splitBreaks(RingFault.HEAD_OUT_OF_RANGE);
  }

  @Test
  void aBufferIdOutsideTheRingIsRefused() {
    packed.publish(buffer, 16, SIZE, 0);
    packedBreaks(RingFault.HEAD_OUT_OF_RANGE);
  }

  @Test
  void anAvailableIndexThatJumpsIsRefused() {
    split.setAvailableIndex(SIZE + 1);
    splitBreaks(RingFault.AVAILABLE_INDEX_JUMPED);
  }

  @Test
  void anAvailableIndexThatGoesBackIsRefused() {
    split.setAvailableIndex(-1);
    splitBreaks(RingFault.AVAILABLE_INDEX_JUMPED);
  }

  @Test
  void theSameHeadTwiceInFlightIsRefused() throws Exception {
    var keeper = new Keeper();
    try (var transport = new TestTransport(guest).start(keeper, TestTransport.SPLIT, SIZE)) {
      var driver = (SplitDriver) transport.driver(0);
      driver.setDescriptor(3, buffer, 16, 0, 0);
      driver.publish(3);
      driver.publish(3);
      var thrown = assertThrows(RingException.class, () -> transport.ring(0).serve(keeper));
      assertEquals(RingFault.HEAD_ALREADY_IN_FLIGHT, thrown.fault());
      keeper.completeAll();
      assertEquals(0, transport.ring(0).inFlight());
    }
  }

  @Test
  void theSameBufferIdTwiceInFlightIsRefused() throws Exception {
    var keeper = new Keeper();
    try (var transport = new TestTransport(guest).start(keeper, TestTransport.PACKED, SIZE)) {
      var driver = (PackedDriver) transport.driver(0);
      driver.publish(buffer, 16, 3, 0);
      driver.publish(buffer, 16, 3, 0);
      var thrown = assertThrows(RingException.class, () -> transport.ring(0).serve(keeper));
      assertEquals(RingFault.HEAD_ALREADY_IN_FLIGHT, thrown.fault());
      keeper.completeAll();
    }
  }

  @Test
  void morePackedDescriptorsInFlightThanTheRingHasAreRefused() throws Exception {
    var keeper = new Keeper();
    try (var transport = new TestTransport(guest).start(keeper, TestTransport.PACKED, SIZE)) {
      var driver = (PackedDriver) transport.driver(0);
      for (int i = 0; i < SIZE - 1; i++) {
        driver.publish(buffer, 16, 0, i < SIZE - 2 ? NEXT : 0);
      }
      transport.ring(0).serve(keeper);
      driver.publish(buffer, 16, 1, NEXT);
      driver.publish(buffer, 16, 1, 0);
      var thrown = assertThrows(RingException.class, () -> transport.ring(0).serve(keeper));
      assertEquals(RingFault.AVAILABLE_INDEX_JUMPED, thrown.fault());
      keeper.completeAll();
    }
  }

  @Test
  void anIndirectTableOfOddLengthIsRefused() {
    split.setDescriptor(0, buffer, 17, INDIRECT, 0);
    split.publish(0);
    splitBreaks(RingFault.INDIRECT_LENGTH);
    packed.publish(buffer, 15, 0, INDIRECT);
    packedBreaks(RingFault.INDIRECT_LENGTH);
  }

  @Test
  void anEmptyIndirectTableIsRefused() {
    split.setDescriptor(0, buffer, 0, INDIRECT, 0);
    split.publish(0);
    splitBreaks(RingFault.INDIRECT_LENGTH);
    packed.publish(buffer, 0, 0, INDIRECT);
    packedBreaks(RingFault.INDIRECT_LENGTH);
  }

  @Test
  void anIndirectTableOfFourGigabytesIsRefused() {
    split.setDescriptor(0, buffer, -16, INDIRECT, 0);
    split.publish(0);
    splitBreaks(RingFault.INDIRECT_LENGTH);
  }

  @Test
  void anIndirectTableWithinATableIsRefused() {
    guest.putLong(buffer, buffer + 1024);
    guest.putLong(buffer + 8, 16L | (long) INDIRECT << 32);
    split.setDescriptor(0, buffer, 16, INDIRECT, 0);
    split.publish(0);
    splitBreaks(RingFault.INDIRECT_NESTED);
    guest.putLong(buffer + 8, 16L | (long) INDIRECT << 48);
    packed.publish(buffer, 16, 0, INDIRECT);
    packedBreaks(RingFault.INDIRECT_NESTED);
  }

  @Test
  void anIndirectDescriptorThatGoesOnIsRefused() {
    split.setDescriptor(0, buffer, 16, INDIRECT | NEXT, 1);
    split.publish(0);
    splitBreaks(RingFault.INDIRECT_WITH_NEXT);
    packed.publish(buffer, 16, 0, INDIRECT | NEXT);
    packedBreaks(RingFault.INDIRECT_WITH_NEXT);
  }

  @Test
  void aLoopInAnIndirectTableIsRefused() {
    guest.putLong(buffer, buffer + 1024);
    guest.putLong(buffer + 8, 16L | (long) NEXT << 32);
    split.setDescriptor(0, buffer, 32, INDIRECT, 0);
    split.publish(0);
    splitBreaks(RingFault.CHAIN_TOO_LONG);
  }

  @Test
  void anIndirectTableThatWasNotNegotiatedIsRefused() throws Exception {
    long plain = Feature.VERSION_1.mask();
    try (var transport = new TestTransport(guest).start(new EchoDevice(), plain, SIZE)) {
      var driver = (SplitDriver) transport.driver(0);
      driver.setDescriptor(0, buffer, 16, INDIRECT, 0);
      driver.publish(0);
      breaks(transport, RingFault.INDIRECT_NOT_NEGOTIATED);
    }
  }

  @Test
  void anIndirectTableOverTwoRegionsIsRead() throws Exception {
    long border = 0x1010_0000L;
    guest.putLong(border - 16, buffer);
    guest.putLong(border - 8, 4L | (long) NEXT << 32 | 1L << 48);
    guest.putLong(border, buffer + 100);
    guest.putLong(border + 8, 4L | (long) WRITE << 32);
    guest.put(buffer, new byte[] {1, 2, 3, 4});
    split.setDescriptor(5, border - 16, 32, INDIRECT | WRITE, 0);
    split.publish(5);
    splitTransport.ring(0).serve(device);
    assertTrue(split.takeUsed());
    assertEquals(5, split.usedId());
    assertEquals(4, guest.get(buffer + 100, 4)[3]);
  }

  @Test
  void anIndirectTableAfterPlainDescriptorsIsRead() throws Exception {
    guest.putLong(buffer, buffer + 1024);
    guest.putLong(buffer + 8, 4L | (long) WRITE << 32);
    split.setDescriptor(0, buffer + 2048, 4, NEXT, 1);
    split.setDescriptor(1, buffer, 16, INDIRECT, 0);
    split.publish(0);
    splitTransport.ring(0).serve(device);
    assertTrue(split.takeUsed());
    assertEquals(4, split.usedLength());
  }

  @Test
  void writableBeforeReadableIsRefused() {
    split.setDescriptor(0, buffer, 16, WRITE | NEXT, 1);
    split.setDescriptor(1, buffer, 16, 0, 0);
    split.publish(0);
    splitBreaks(RingFault.WRITABLE_BEFORE_READABLE);
    packed.publish(buffer, 16, 0, WRITE | NEXT);
    packed.publish(buffer, 16, 0, 0);
    packedBreaks(RingFault.WRITABLE_BEFORE_READABLE);
  }

  @Test
  void aBufferOfNoLengthIsRefused() {
    split.setDescriptor(0, buffer, 0, 0, 0);
    split.publish(0);
    splitBreaks(RingFault.ZERO_LENGTH);
    packed.publish(buffer, 0, 0, 0);
    packedBreaks(RingFault.ZERO_LENGTH);
  }

  @Test
  void anAddressThatWrapsAroundIsRefused() {
    split.setDescriptor(0, -8, 16, 0, 0);
    split.publish(0);
    splitBreaks(RingFault.ADDRESS_OVERFLOW);
    packed.publish(-8, 16, 0, 0);
    packedBreaks(RingFault.ADDRESS_OVERFLOW);
  }

  @Test
  void aBufferThatLeavesMemoryIsRefused() {
    split.setDescriptor(0, 0x1020_0000L - 8, 16, 0, 0);
    split.publish(0);
    splitBreaks(RingFault.ADDRESS_NOT_MAPPED);
    packed.publish(0x0fff_fff8L, 16, 0, 0);
    packedBreaks(RingFault.ADDRESS_NOT_MAPPED);
  }

  @Test
  void aChainOfFourGigabytesIsRefused() {
    split.setDescriptor(0, buffer, Integer.MIN_VALUE, NEXT, 1);
    split.setDescriptor(1, buffer, Integer.MIN_VALUE, 0, 0);
    split.publish(0);
    splitBreaks(RingFault.CHAIN_TOO_LARGE);
  }

  @Test
  void aDescriptorThatChangesAfterTheCheckChangesNothing() throws Exception {
    var keeper = new Keeper();
    try (var transport = new TestTransport(guest).start(keeper, TestTransport.SPLIT, SIZE)) {
      var driver = (SplitDriver) transport.driver(0);
      driver.setDescriptor(0, buffer, 16, 0, 0);
      driver.publish(0);
      transport.ring(0).serve(keeper);
      driver.setDescriptor(0, 0, -1, WRITE | INDIRECT, 0);
      assertEquals(16, keeper.kept.getFirst().readableBytes());
      assertEquals(0, keeper.kept.getFirst().writableBytes());
      keeper.completeAll();
    }
  }

  @Test
  void aRingThatIsNotInMemoryOrNotAlignedCantBeOpened() {
    RingSetup good = split.setup(0);
    assertRefused(SIZE, 0, good.driverArea(), good.deviceArea());
    assertRefused(SIZE, good.descriptorArea() + 8, good.driverArea(), good.deviceArea());
    assertRefused(SIZE, good.descriptorArea(), good.driverArea() + 1, good.deviceArea());
    assertRefused(SIZE, good.descriptorArea(), good.driverArea(), 0x1010_0000L - 8);
    assertRefused(SIZE, good.descriptorArea(), -8, good.deviceArea());
    assertRefused(SIZE - 1, good.descriptorArea(), good.driverArea(), good.deviceArea());
    assertRefused(0, good.descriptorArea(), good.driverArea(), good.deviceArea());
    assertRefused(65536, good.descriptorArea(), good.driverArea(), good.deviceArea());
  }

  private void assertRefused(int size, long descriptors, long driver, long device) {
    var setup =
        new RingSetup(
            0,
            size,
            TestTransport.SPLIT,
            descriptors,
            driver,
            device,
            RingPosition.FIRST,
            Optional.empty());
    var rings = new RingsComponent();
    var memory = rings.memory(guest.regions(), () -> {});
    var thrown = assertThrows(RingException.class, () -> rings.open(setup, memory, new NoPort()));
    assertEquals(RingFault.BAD_SETUP, thrown.fault());
  }

  @Test
  void aQueueThatBreaksLeavesOthersAlone() throws Exception {
    split.publish(SIZE);
    splitBreaks(RingFault.HEAD_OUT_OF_RANGE);
    DriverQueue other = packed;
    other.add(new long[] {buffer, buffer + 100}, new int[] {4, 4}, 1, 1);
    packedTransport.kick(0);
    assertTrue(other.takeUsed());
    assertFalse(packedTransport.ring(0).broken());
  }
}
