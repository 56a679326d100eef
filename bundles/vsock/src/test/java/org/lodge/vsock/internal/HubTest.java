package org.lodge.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockRequest;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.link.HostEnd;

/** Listeners, diallers and the ends of connections, with a guest that a test plays. */
@Timeout(30)
class HubTest {
  private static final int PORT = 80;
  private static final Duration SOON = Duration.ofSeconds(10);

  private final Hub hub = new Hub();
  private final LinkedBlockingQueue<VsockRequest> requests = new LinkedBlockingQueue<>();
  private final CountDownLatch testOver = new CountDownLatch(1);
  private FakeGuest guest;

  @BeforeEach
  void start() throws Exception {
    guest = new FakeGuest("work", 4, Optional.empty()).attachTo(hub);
  }

  @AfterEach
  void stop() {
    testOver.countDown();
    hub.deactivate();
  }

  /** Keeps requests unanswered until a test takes and answers them. */
  private void listen() {
    hub.addListener(
        request -> {
          requests.add(request);
          testOver.await();
        },
        Map.of(VsockListener.PORT, PORT));
  }

  private VsockRequest request() throws InterruptedException {
    return requests.poll(10, TimeUnit.SECONDS);
  }

  @Test
  void aListenerAcceptsOnce() throws Exception {
    listen();
    FakeGuest.End end = new FakeGuest.End(10);
    HostEnd host = guest.ask(end, PORT, VsockType.STREAM);
    VsockRequest request = request();
    assertFalse(host.accepted());
    assertEquals(1000, request.guestPort());
    VsockStream stream = request.accept();
    assertTrue(host.accepted());
    assertThrows(IllegalStateException.class, request::accept);
    request.refuse();
    assertFalse(host.resetByHost(), "an accepted connection can't be refused any more");
    end.send(new byte[] {1, 2}, 0);
    ByteBuffer got = ByteBuffer.allocate(10);
    assertEquals(2, stream.read(got));
  }

  @Test
  void whoWroteBeforeTheGuestWasAnsweredTriesAgainOnceItIs() throws Exception {
    listen();
    FakeGuest.End end = new FakeGuest.End(0);
    HostEnd host = guest.ask(end, PORT, VsockType.STREAM);
    VsockStream stream = request().accept();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Void> writer =
          threads.submit(() -> {
            stream.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
            return null;
          });
      end.room(2);
      end.await(2);
      end.room(2);
      writer.get(10, TimeUnit.SECONDS);
    }
    assertArrayEquals(new byte[] {1, 2, 3}, end.got());
    assertEquals(0, host.endedByHost());
  }

  private VsockStream accepted(FakeGuest of, FakeGuest.End end) throws Exception {
    of.ask(end, PORT, VsockType.STREAM);
    return request().accept();
  }

  @Test
  void bytesMoveFromGuestToGuestBetweenReadsAndWrites() throws Exception {
    listen();
    FakeGuest display = new FakeGuest("display", 4, Optional.empty()).attachTo(hub);
    FakeGuest.End from = new FakeGuest.End(0);
    FakeGuest.End to = new FakeGuest.End(4);
    VsockStream source = accepted(guest, from);
    VsockStream target = accepted(display, to);
    assertTrue(source.movesTo(target));
    from.send(new byte[] {1, 2, 3, 4}, 0);
    from.send(new byte[] {5, 6, 7, 8}, 0);
    assertEquals(1, source.read(ByteBuffer.allocate(1)));
    assertEquals(7, source.await());
    target.write(ByteBuffer.wrap(new byte[] {100}));
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Void> mover =
          threads.submit(() -> {
            source.moveTo(target, 5);
            return null;
          });
      to.await(4);
      to.room(10);
      mover.get(10, TimeUnit.SECONDS);
    }
    target.write(ByteBuffer.wrap(new byte[] {101}));
    assertArrayEquals(new byte[] {100, 2, 3, 4, 5, 6, 101}, to.got());
    assertEquals(2, source.read(ByteBuffer.allocate(10)));
  }

  @Test
  void bytesThatNobodyTakesAnyMoreAreStillTakenOffTheirStream() throws Exception {
    listen();
    FakeGuest display = new FakeGuest("display", 4, Optional.empty()).attachTo(hub);
    FakeGuest.End from = new FakeGuest.End(0);
    VsockStream source = accepted(guest, from);
    VsockStream target = accepted(display, new FakeGuest.End(0));
    from.send(new byte[] {1, 2, 3, 4}, 0);
    target.reset();
    assertThrows(VsockException.class, () -> source.moveTo(target, 3));
    ByteBuffer rest = ByteBuffer.allocate(10);
    assertEquals(1, source.read(rest));
    assertEquals(4, rest.get(0));
  }

  @Test
  void aListenerThatThrowsRefuses() throws Exception {
    hub.addListener(
        request -> {
          throw new IllegalStateException("on purpose");
        },
        Map.of(VsockListener.PORT, PORT));
    FakeGuest.End end = new FakeGuest.End(10);
    guest.ask(end, PORT, VsockType.STREAM);
    end.awaitReset();
  }

  @Test
  void theHighestRankingListenerHasThePort() throws Exception {
    hub.addListener(request -> {}, Map.of(VsockListener.PORT, PORT, "service.ranking", 1));
    hub.addListener(
        request -> {
          requests.add(request);
          request.accept();
        },
        Map.of(VsockListener.PORT, (long) PORT, "service.ranking", 2));
    guest.ask(new FakeGuest.End(10), PORT, VsockType.STREAM);
    assertEquals("work", request().guest());
    assertNull(guest.ask(new FakeGuest.End(10), PORT + 1, VsockType.STREAM));
  }

  @Test
  void aDiallerHearsYesNoAndNothing() throws Exception {
    var endpoint = hub.endpoint("work").orElseThrow();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<VsockStream> yes = threads.submit(() -> endpoint.connect(5, VsockType.STREAM, SOON));
      HostEnd asked = guest.awaitAsked();
      new FakeGuest.End(10).of(asked);
      asked.connected();
      assertEquals(5, yes.get(10, TimeUnit.SECONDS).guestPort());

      Future<VsockStream> no = threads.submit(() -> endpoint.connect(6, VsockType.STREAM, SOON));
      guest.awaitAsked().closed(false);
      Exception refused = assertThrows(Exception.class, () -> no.get(10, TimeUnit.SECONDS));
      assertTrue(refused.getMessage().contains("nobody listens"), refused.getMessage());
    }
    Exception silence =
        assertThrows(
            VsockException.class,
            () -> endpoint.connect(7, VsockType.STREAM, Duration.ofMillis(20)));
    assertTrue(silence.getMessage().contains("20 ms"), silence.getMessage());
    assertThrows(VsockException.class, () -> endpoint.connect(-1, VsockType.STREAM, SOON));
    assertThrows(VsockException.class, () -> endpoint.connect(1L << 32, VsockType.STREAM, SOON));
  }

  @Test
  void connectionsCountUntilTheyAreWhollyOver() throws Exception {
    listen();
    FakeGuest.End end = new FakeGuest.End(10);
    HostEnd host = guest.ask(end, PORT, VsockType.STREAM);
    VsockStream stream = request().accept();
    end.send(new byte[] {1}, 0);
    host.endedByGuest(HostEnd.BOTH);
    host.closed(true);
    var endpoint = hub.endpoint("work").orElseThrow();
    assertEquals(1, endpoint.connections(), "a byte was not read yet");
    ByteBuffer one = ByteBuffer.allocate(2);
    assertEquals(1, stream.read(one));
    assertEquals(-1, stream.read(one));
    assertEquals(0, endpoint.connections());
    assertEquals(List.of(), endpoint.streams());
  }

  @Test
  void tooManyAreRefused() throws Exception {
    listen();
    for (int i = 0; i < 4; i++) {
      int port = i;
      assertTrue(guest.host.requested(new FakeGuest.End(0), port, PORT, VsockType.STREAM) != null);
    }
    assertNull(guest.host.requested(new FakeGuest.End(0), 9, PORT, VsockType.STREAM));
    assertThrows(
        VsockException.class,
        () -> hub.endpoint("work").orElseThrow().connect(5, VsockType.STREAM, SOON));
  }

  @Test
  void connectionsOutliveADeviceWithASuccessorAndNoOther() throws Exception {
    listen();
    FakeGuest.End end = new FakeGuest.End(10);
    HostEnd host = guest.ask(end, PORT, VsockType.STREAM);
    VsockStream stream = request().accept();
    assertThrows(
        VsockException.class, () -> new FakeGuest("work", 4, Optional.empty()).attachTo(hub));
    guest.handedOver = true;
    FakeGuest successor = new FakeGuest("work", 4, Optional.empty()).attachTo(hub);
    assertEquals(List.of(host), successor.host.ends());
    guest.host.detach(true);
    FakeGuest.End moved = new FakeGuest.End(10).of(host);
    stream.write(ByteBuffer.wrap(new byte[] {7}));
    assertArrayEquals(new byte[] {7}, moved.got());
    assertEquals(0, end.got().length);

    successor.host.detach(false);
    assertThrows(VsockException.class, () -> stream.read(ByteBuffer.allocate(1)));
    assertFalse(hub.endpoint("work").orElseThrow().attached());
  }
}
