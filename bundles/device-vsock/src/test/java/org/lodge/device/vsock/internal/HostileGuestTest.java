package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.fixture.TestTransport;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.internal.Hub;

/** A guest that sends anything: nobody but itself is the worse for it. */
@Timeout(120)
class HostileGuestTest {
  private static final int PORT = 7000;
  private static final int SEEDS = 12;
  private static final int[] NUMBERS = {
    0,
    1,
    2,
    3,
    4,
    43,
    44,
    45,
    1023,
    4096,
    65535,
    65536,
    1 << 18,
    (1 << 18) + 1,
    1 << 30,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    -2,
    -1
  };
  private static final long[] CIDS = {0, 1, 2, 3, 4, 5, 0xffff_ffffL, -1, 1L << 32, 2 + (1L << 32)};

  /**
   * The same few each time; a long run by hand goes on from there, with {@code
   * -Dlodge.fuzz.seconds=600}, from another seed with {@code -Dlodge.fuzz.seed}.
   */
  @Test
  @Timeout(7200)
  void anyPacketsHarmNobodyElse() throws Exception {
    long first = Long.getLong("lodge.fuzz.seed", 1);
    long nanos = TimeUnit.SECONDS.toNanos(Long.getLong("lodge.fuzz.seconds", 0));
    long begin = System.nanoTime();
    long seed = first;
    for (; seed < first + SEEDS || System.nanoTime() - begin < nanos; seed++) {
      try {
        anyPacketsHarmNobodyElse(seed);
      } catch (Exception | AssertionError e) {
        throw new AssertionError("with seed " + seed, e);
      }
    }
    if (nanos > 0) {
      System.out.println("vsock fuzz: seeds " + first + " to " + (seed - 1));
    }
  }

  private static void anyPacketsHarmNobodyElse(long seed) throws Exception {
    Random random = new Random(seed);
    Hub hub = new Hub();
    List<VsockStream> ofHostile = new CopyOnWriteArrayList<>();
    List<VsockStream> ofOther = new CopyOnWriteArrayList<>();
    hub.addListener(
        request -> (request.guest().equals("hostile") ? ofHostile : ofOther).add(request.accept()),
        Map.of(VsockListener.PORT, PORT));
    try (TestGuest hostile = new TestGuest(hub, "hostile", 3);
        TestGuest other = new TestGuest(hub, "other", 4)) {
      other.send(other.packet(Header.REQUEST, 1, PORT, 0, 0, new byte[0]));
      other.receive(Header.RESPONSE);
      for (int step = 0; step < 3000; step++) {
        attack(hostile, random);
        if (!ofHostile.isEmpty()) {
          useOrAbuse(ofHostile, hub, random);
        }
      }
      for (VsockStream stream : ofHostile) {
        assertTrue(stream.available() <= 256 << 10);
      }
      byte[] sent = {1, 2, 3};
      other.send(other.packet(Header.RW, 1, PORT, 0, 0, sent));
      ByteBuffer got = ByteBuffer.allocate(3);
      assertEquals(3, ofOther.getFirst().read(got));
      assertArrayEquals(sent, got.array());
    }
    assertEquals(0, hub.endpoint("other").orElseThrow().connections());
    // A listener is asked on a thread of its own, which may accept the last one only now.
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    do {
      ofHostile.forEach(VsockStream::close);
      Thread.yield();
    } while (hub.endpoint("hostile").orElseThrow().connections() > 0
        && System.nanoTime() < deadline);
    assertEquals(0, hub.endpoint("hostile").orElseThrow().connections());
    hub.deactivate();
  }

  private static void attack(TestGuest guest, Random random) throws Exception {
    switch (random.nextInt(10)) {
      case 0 -> {
        if (guest.canSend()) {
          byte[] noise = new byte[1 + random.nextInt(100)];
          random.nextBytes(noise);
          guest.sendRaw(noise, 1 + random.nextInt(4));
        }
      }
      case 1 -> guest.postReceives(random.nextInt(3) > 0);
      case 2 -> guest.repost();
      case 3 -> guest.receiveAll();
      case 4 -> {
        if (random.nextInt(40) == 0) {
          guest.swap();
        }
      }
      default -> {
        if (guest.canSend()) {
          guest.send(packet(random), 1 + random.nextInt(17));
        }
      }
    }
    guest.serveWoken();
  }

  private static Packet packet(Random random) {
    byte[] payload = new byte[random.nextBoolean() ? 0 : random.nextInt(66_000)];
    boolean plausible = random.nextInt(4) > 0;
    return new Packet(
        plausible ? 3 : CIDS[random.nextInt(CIDS.length)],
        plausible ? 2 : CIDS[random.nextInt(CIDS.length)],
        random.nextInt(6),
        random.nextInt(8) > 0 ? PORT : number(random),
        plausible ? payload.length : Integer.toUnsignedLong(number(random)),
        random.nextInt(12) == 0 ? random.nextInt(4) : 1 + random.nextInt(2),
        random.nextInt(3) == 0 ? 1 : random.nextInt(8),
        random.nextInt(4),
        number(random),
        number(random),
        payload);
  }

  private static int number(Random random) {
    return random.nextInt(4) == 0 ? random.nextInt() : NUMBERS[random.nextInt(NUMBERS.length)];
  }

  private static void useOrAbuse(List<VsockStream> streams, Hub hub, Random random) {
    VsockStream stream = streams.get(random.nextInt(streams.size()));
    switch (random.nextInt(12)) {
      case 0 -> stream.close();
      case 1 -> stream.reset();
      case 2 -> stream.shutdownOutput();
      case 3 -> stream.shutdownInput();
      case 4 -> {
        VsockStream second = streams.get(random.nextInt(streams.size()));
        try {
          hub.join(stream, second);
        } catch (IllegalArgumentException expected) {
          return;
        }
      }
      case 5, 6 -> readWhatIsThere(stream);
      default -> {}
    }
  }

  private static void readWhatIsThere(VsockStream stream) {
    try {
      if (stream.available() > 0) {
        stream.read(ByteBuffer.allocate(10_000));
      }
    } catch (Exception expected) {
      assertTrue(expected.getMessage() != null);
    }
  }

  @Test
  void anyStateOfAFormerDeviceIsTakenOrRefused() throws Exception {
    Hub hub = new Hub();
    hub.addListener(VsockRequestSink::accept, Map.of(VsockListener.PORT, PORT));
    try (TestGuest guest = new TestGuest(hub, "work", 3)) {
      for (int port = 0; port < 3; port++) {
        guest.send(guest.packet(Header.REQUEST, port, PORT, 0, 0, new byte[0]));
        guest.receive(Header.RESPONSE);
      }
      VsockDevice source = guest.device();
      byte[] bytes = guest.exportedState();
      Random random = new Random(5);
      int refused = 0;
      for (int i = 0; i < 2000; i++) {
        byte[] changed = bytes.clone();
        changed[random.nextInt(changed.length)] = (byte) random.nextInt();
        if (random.nextInt(4) == 0) {
          changed = java.util.Arrays.copyOf(changed, random.nextInt(changed.length + 20));
        }
        try {
          source.importState(new DeviceState("vsock", 1, changed));
        } catch (DeviceException expected) {
          refused++;
        }
      }
      assertTrue(refused > 0 && refused < 2000);
    }
    hub.deactivate();
  }

  private interface VsockRequestSink {
    static void accept(org.lodge.vsock.VsockRequest request) throws Exception {
      request.accept();
    }
  }

  @Test
  void aStateFromAnotherLodgeResetsWhatItKnew() throws Exception {
    Hub hub = new Hub();
    hub.addListener(VsockRequestSink::accept, Map.of(VsockListener.PORT, PORT));
    byte[] state;
    try (TestGuest guest = new TestGuest(hub, "work", 3)) {
      guest.send(guest.packet(Header.REQUEST, 5, PORT, 0, 0, new byte[0]));
      guest.receive(Header.RESPONSE);
      state = guest.exportedState();
    }
    hub.deactivate();
    Hub after = new Hub();
    try (TestGuest guest =
        new TestGuest(
            after, "work", 3, TestTransport.SPLIT, 16, 4096, new DeviceState("vsock", 1, state))) {
      assertEquals("RST", guest.receive().name());
      assertTrue(guest.transportWasReset());
    }
    after.deactivate();
  }
}
