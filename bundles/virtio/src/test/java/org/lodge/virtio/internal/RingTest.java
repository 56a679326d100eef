package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Feature;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.EchoDevice;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;

/** What well-behaved drivers may rely on, for each kind of ring. */
class RingTest {
  private final GuestArena guest = new GuestArena(0x1000_0000L, 1 << 20, 1 << 20);

  static Stream<Long> kinds() {
    long base = Feature.VERSION_1.mask() | Feature.INDIRECT_DESC.mask();
    long event = Feature.EVENT_IDX.mask();
    long packed = Feature.RING_PACKED.mask();
    return Stream.of(base, base | event, base | packed, base | event | packed);
  }

  @AfterEach
  void close() {
    guest.close();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void requestsOfAnyShapeComeBackWithTheirBytes(long features) throws Exception {
    try (var transport = new TestTransport(guest).start(new EchoDevice(), features, 16)) {
      DriverQueue driver = transport.driver(0);
      long base = guest.allocate(64 * 1024, 4096);
      Random random = new Random(7);
      for (int round = 0; round < 500; round++) {
        driver.useIndirect(random.nextBoolean());
        int readable = 1 + random.nextInt(4);
        int writable = 1 + random.nextInt(4);
        long[] addresses = new long[readable + writable];
        int[] lengths = new int[readable + writable];
        byte[] sent = new byte[0];
        for (int i = 0; i < addresses.length; i++) {
          addresses[i] = base + i * 4096L;
          lengths[i] = 1 + random.nextInt(4096);
          if (i < readable) {
            byte[] bytes = new byte[lengths[i]];
            random.nextBytes(bytes);
            guest.put(addresses[i], bytes);
            sent = join(sent, bytes);
          }
        }
        int id = driver.add(addresses, lengths, readable, writable);
        transport.kick(0);
        assertTrue(driver.takeUsed());
        assertEquals(id, driver.usedId());
        byte[] got = new byte[0];
        for (int i = readable; i < addresses.length; i++) {
          got = join(got, guest.get(addresses[i], lengths[i]));
        }
        int length = Math.min(sent.length, got.length);
        assertEquals(length, driver.usedLength());
        assertArrayEquals(Arrays.copyOf(sent, length), Arrays.copyOf(got, length));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void requestsCompletedOutOfOrderByOtherThreadsAllComeBack(long features) throws Exception {
    try (ExecutorService workers = Executors.newFixedThreadPool(2)) {
      var device =
          new EchoDevice() {
            @Override
            protected void handle(DescriptorChain chain) {
              workers.execute(() -> chain.complete(chain.writableBytes()));
            }
          };
      try (var transport = new TestTransport(guest).start(device, features, 32)) {
        DriverQueue driver = transport.driver(0);
        long buffer = guest.allocate(4096, 16);
        boolean[] out = new boolean[32];
        int sent = 0;
        int received = 0;
        while (received < 20_000) {
          int shape = sent % 3;
          int id =
              sent == 20_000
                  ? -1
                  : driver.add(
                      new long[] {buffer, buffer, buffer},
                      new int[] {16, 16, 16},
                      shape,
                      3 - shape);
          if (id >= 0) {
            assertFalse(out[id], "an id that is out was used again");
            out[id] = true;
            sent++;
            transport.kick(0);
          } else {
            assertTrue(transport.await(0, Duration.ofSeconds(10)), "lost a completion or a call");
            assertTrue(out[driver.usedId()]);
            out[driver.usedId()] = false;
            received++;
          }
        }
        assertEquals(20_000, transport.ring(0).counters().completed());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aBufferOverTwoRegionsIsSplitAndNeighboursAreJoined(long features) throws Exception {
    long border = 0x1010_0000L;
    List<Integer> pieces = new ArrayList<>();
    var device =
        new EchoDevice() {
          @Override
          protected void handle(DescriptorChain chain) {
            pieces.add(chain.readablePieces());
            pieces.add(chain.writablePieces());
            super.handle(chain);
          }
        };
    try (var transport = new TestTransport(guest).start(device, features, 16)) {
      byte[] bytes = "over the border and back".getBytes();
      guest.put(border - 10, Arrays.copyOf(bytes, 10));
      guest.put(border, Arrays.copyOfRange(bytes, 10, bytes.length));
      transport
          .driver(0)
          .add(
              new long[] {border - 10, border + 0x1000, border + 0x1008},
              new int[] {bytes.length, 8, 100},
              1,
              2);
      transport.kick(0);
      assertTrue(transport.driver(0).takeUsed());
      assertEquals(List.of(2, 1), pieces);
      assertArrayEquals(bytes, guest.get(border + 0x1000, bytes.length));
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aBatchIsShownAtOnceWithOneCall(long features) throws Exception {
    try (var transport = new TestTransport(guest).start(new EchoDevice(), features, 64)) {
      DriverQueue driver = transport.driver(0);
      long buffer = guest.allocate(4096, 16);
      for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 20; i++) {
          driver.add(new long[] {buffer, buffer}, new int[] {8, 8}, 1, 1);
        }
        transport.kick(0);
        int used = 0;
        while (driver.takeUsed()) {
          used++;
        }
        assertEquals(20, used);
      }
      assertEquals(10, transport.ring(0).counters().calls());
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void aDriverThatWantsNoCallsGetsNone(long features) throws Exception {
    try (var transport = new TestTransport(guest).start(new EchoDevice(), features, 16)) {
      DriverQueue driver = transport.driver(0);
      long buffer = guest.allocate(4096, 16);
      for (int i = 0; i < 100; i++) {
        driver.wantCalls(false);
        driver.add(new long[] {buffer, buffer}, new int[] {8, 8}, 1, 1);
        transport.kick(0);
        assertTrue(driver.takeUsed());
      }
      assertTrue(transport.ring(0).counters().calls() <= 1);
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void whatIsAddedWhileTheDeviceServesNeedsNoKick(long features) throws Exception {
    var late = new ArrayDeque<Runnable>();
    var device =
        new EchoDevice() {
          @Override
          protected void handle(DescriptorChain chain) {
            super.handle(chain);
            if (!late.isEmpty()) {
              late.pop().run();
            }
          }
        };
    try (var transport = new TestTransport(guest).start(device, features, 16)) {
      DriverQueue driver = transport.driver(0);
      long buffer = guest.allocate(4096, 16);
      Runnable add =
          () -> {
            driver.add(new long[] {buffer, buffer}, new int[] {8, 8}, 1, 1);
            assertFalse(driver.kickNeeded(), "a device at work must not be kicked");
          };
      late.add(add);
      late.add(add);
      driver.add(new long[] {buffer, buffer}, new int[] {8, 8}, 1, 1);
      transport.kick(0);
      assertEquals(3, transport.ring(0).counters().completed());
      driver.add(new long[] {buffer, buffer}, new int[] {8, 8}, 1, 1);
      assertTrue(driver.kickNeeded(), "an idle device must be kicked");
    }
  }

  private static byte[] join(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
