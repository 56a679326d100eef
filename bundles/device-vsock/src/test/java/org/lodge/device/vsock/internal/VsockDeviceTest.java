package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.fixture.TestTransport;
import org.lodge.virtio.ring.Ring;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.internal.Hub;

@Timeout(60)
class VsockDeviceTest {
  private static final int PORT = 7000;

  private final Hub hub = new Hub();
  private final LinkedBlockingQueue<VsockStream> accepted = new LinkedBlockingQueue<>();
  private TestGuest guest;

  @BeforeEach
  void start() throws Exception {
    hub.addListener(request -> accepted.add(request.accept()), Map.of(VsockListener.PORT, PORT));
    guest = new TestGuest(hub, "work", 3);
  }

  @AfterEach
  void stop() {
    guest.close();
    hub.deactivate();
  }

  private VsockStream connect(TestGuest from, int port) throws Exception {
    return connect(from, port, 1);
  }

  private VsockStream connect(TestGuest from, int port, int type) throws Exception {
    from.send(from.packet(type, Header.REQUEST, port, PORT, 0, 0, new byte[0]));
    assertEquals("RESPONSE", from.receive().name());
    return accepted.poll(10, TimeUnit.SECONDS);
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static byte[] read(VsockStream stream, int length) throws Exception {
    ByteBuffer into = ByteBuffer.allocate(length);
    while (into.hasRemaining() && stream.read(into) >= 0) {}
    return Arrays.copyOf(into.array(), into.position());
  }

  private void awaitConnections(TestGuest of, int count) throws Exception {
    long deadline = System.nanoTime() + TestGuest.SOON.toNanos();
    while (hub.endpoint(of.name).orElseThrow().connections() != count) {
      assertTrue(System.nanoTime() < deadline, "connections are left");
      Thread.onSpinWait();
    }
  }

  @Test
  void bytesCrossBothWays() throws Exception {
    VsockStream stream = connect(guest, 1024);
    guest.send(guest.packet(Header.RW, 1024, PORT, 0, 0, text("to the host")));
    assertArrayEquals(text("to the host"), read(stream, 11));
    stream.write(ByteBuffer.wrap(text("to the guest")));
    Packet packet = guest.receive(Header.RW);
    assertArrayEquals(text("to the guest"), packet.payload());
    assertEquals(2, packet.sourceCid());
    assertEquals(3, packet.targetCid());
    assertEquals(11, packet.forwardedCount());
  }

  @Test
  void theHostConnectsToAPortInTheGuest() throws Exception {
    CompletableFuture<VsockStream> dialled =
        CompletableFuture.supplyAsync(() -> {
          try {
            return hub.endpoint("work").orElseThrow().connect(22, VsockType.STREAM, TestGuest.SOON);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    Packet request = guest.receive();
    assertEquals("REQUEST", request.name());
    assertEquals(22, request.targetPort());
    guest.send(guest.packet(Header.RESPONSE, 22, request.sourcePort(), 0, 0, new byte[0]));
    VsockStream stream = dialled.get(10, TimeUnit.SECONDS);
    assertEquals(22, stream.guestPort());
    stream.write(ByteBuffer.wrap(text("hello")));
    assertArrayEquals(text("hello"), guest.receive(Header.RW).payload());
  }

  @Test
  void aRefusedOrUnansweredConnectionIsAnError() throws Exception {
    CompletableFuture<Throwable> refused =
        CompletableFuture.supplyAsync(() ->
            assertThrows(
                VsockException.class,
                () ->
                    hub.endpoint("work")
                        .orElseThrow()
                        .connect(22, VsockType.STREAM, TestGuest.SOON)));
    Packet request = guest.receive();
    guest.send(guest.packet(Header.RST, 22, request.sourcePort(), 0, 0, new byte[0]));
    assertTrue(refused.get(10, TimeUnit.SECONDS).getMessage().contains("refused"));
    assertThrows(
        VsockException.class,
        () ->
            hub.endpoint("work").orElseThrow().connect(22, VsockType.STREAM, Duration.ofMillis(1)));
    assertEquals("RST", guest.receive(Header.RST).name());
    awaitConnections(guest, 0);
  }

  @Test
  void whatNobodyListensForIsReset() throws Exception {
    guest.send(guest.packet(Header.REQUEST, 1, 9, 0, 0, new byte[0]));
    Packet reply = guest.receive();
    assertEquals("RST", reply.name());
    assertEquals(9, reply.sourcePort());
    guest.send(guest.packet(Header.RW, 5, PORT, 0, 0, text("of no connection")));
    assertEquals("RST", guest.receive().name());
    guest.send(guest.packet(9, Header.REQUEST, 5, PORT, 0, 0, new byte[0]));
    assertEquals("RST", guest.receive().name());
    guest.send(guest.packet(Header.RST, 5, PORT, 0, 0, new byte[0]));
    assertNull(guest.poll());
  }

  @Test
  void aGuestReachesNobodyButTheHost() throws Exception {
    for (long target : new long[] {0, 1, 3, 4, 0xffff_ffffL, 2 + (1L << 32)}) {
      guest.send(new Packet(3, target, 1, PORT, 0, 1, Header.REQUEST, 0, 4096, 0, new byte[0]));
      Packet reply = guest.receive();
      assertEquals("RST", reply.name());
      assertEquals(target, reply.sourceCid());
    }
    assertTrue(accepted.isEmpty());
  }

  @Test
  void aGuestThatSpeaksForAnotherIsNotHeard() throws Exception {
    guest.send(new Packet(4, 2, 1, PORT, 0, 1, Header.REQUEST, 0, 4096, 0, new byte[0]));
    assertNull(guest.poll());
    assertTrue(accepted.isEmpty());
  }

  @Test
  void aWriteInManyDescriptorsArrivesWhole() throws Exception {
    VsockStream stream = connect(guest, 1024);
    byte[] bytes = random(65536);
    guest.send(guest.packet(Header.RW, 1024, PORT, 0, 0, bytes), 17);
    assertArrayEquals(bytes, read(stream, bytes.length));
  }

  @Test
  void aHalfCloseLeavesTheOtherDirectionOpen() throws Exception {
    VsockStream stream = connect(guest, 1024);
    guest.send(guest.packet(Header.RW, 1024, PORT, 0, 0, text("last words")));
    guest.send(guest.packet(Header.SHUTDOWN, 1024, PORT, 2, 0, new byte[0]));
    assertArrayEquals(text("last words"), read(stream, 100));
    stream.write(ByteBuffer.wrap(text("answer")));
    assertArrayEquals(text("answer"), guest.receive(Header.RW).payload());
    stream.shutdownOutput();
    Packet shutdown = guest.receive(Header.SHUTDOWN);
    assertEquals(2, shutdown.flags());
    guest.send(guest.packet(Header.SHUTDOWN, 1024, PORT, 3, 6, new byte[0]));
    assertEquals("RST", guest.receive(Header.RST).name());
    assertEquals(-1, stream.read(ByteBuffer.allocate(1)));
    stream.close();
    awaitConnections(guest, 0);
  }

  @Test
  void whatAGuestSentBeforeItClosedIsNotLost() throws Exception {
    VsockStream stream = connect(guest, 1024);
    byte[] bytes = random(100_000);
    guest.send(guest.packet(Header.RW, 1024, PORT, 0, 0, Arrays.copyOf(bytes, 50_000)));
    guest.send(
        guest.packet(Header.RW, 1024, PORT, 0, 0, Arrays.copyOfRange(bytes, 50_000, 100_000)));
    guest.send(guest.packet(Header.SHUTDOWN, 1024, PORT, 3, 0, new byte[0]));
    guest.send(guest.packet(Header.RST, 1024, PORT, 0, 0, new byte[0]));
    assertArrayEquals(bytes, read(stream, 200_000));
    assertEquals(-1, stream.read(ByteBuffer.allocate(1)));
    awaitConnections(guest, 0);
  }

  @Test
  void aResetIsSeenByReaderAndWriter() throws Exception {
    VsockStream stream = connect(guest, 1024);
    CompletableFuture<Throwable> reader =
        CompletableFuture.supplyAsync(
            () -> assertThrows(VsockException.class, () -> stream.read(ByteBuffer.allocate(1))));
    guest.send(guest.packet(Header.RST, 1024, PORT, 0, 0, new byte[0]));
    reader.get(10, TimeUnit.SECONDS);
    assertThrows(VsockException.class, () -> stream.write(ByteBuffer.allocate(1)));
  }

  @Test
  void aCloseWithBytesUnreadIsAReset() throws Exception {
    VsockStream stream = connect(guest, 1024);
    guest.send(guest.packet(Header.RW, 1024, PORT, 0, 0, text("unread")));
    stream.close();
    assertEquals("RST", guest.receive().name());
    awaitConnections(guest, 0);
  }

  @Test
  void aCloseIsAShutdownThatTheGuestAnswers() throws Exception {
    VsockStream stream = connect(guest, 1024);
    stream.close();
    Packet shutdown = guest.receive();
    assertEquals("SHUTDOWN", shutdown.name());
    assertEquals(3, shutdown.flags());
    assertEquals(1, hub.endpoint("work").orElseThrow().connections());
    guest.send(guest.packet(Header.RST, 1024, PORT, 0, 0, new byte[0]));
    awaitConnections(guest, 0);
  }

  @Test
  void aWriterWaitsForCreditAndSendsNoByteMore() throws Exception {
    VsockStream stream = connect(guest, 1024);
    byte[] bytes = random(30_000);
    guest.send(new Packet(3, 2, 1024, PORT, 0, 1, Header.CREDIT_UPDATE, 0, 10_000, 0, new byte[0]));
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(() -> {
          try {
            stream.write(ByteBuffer.wrap(bytes));
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    ByteBuffer got = ByteBuffer.allocate(bytes.length);
    while (got.position() < 10_000) {
      got.put(guest.receive(Header.RW).payload());
    }
    assertEquals(10_000, got.position());
    assertEquals("CREDIT_REQUEST", guest.receive().name());
    assertNull(guest.poll());
    while (got.hasRemaining()) {
      guest.send(
          new Packet(
              3,
              2,
              1024,
              PORT,
              0,
              1,
              Header.CREDIT_UPDATE,
              0,
              10_000,
              got.position(),
              new byte[0]));
      int before = got.position();
      while (got.position() < Math.min(before + 10_000, bytes.length)) {
        got.put(guest.receive(Header.RW).payload());
      }
    }
    writer.get(10, TimeUnit.SECONDS);
    assertArrayEquals(bytes, got.array());
  }

  @Test
  void creditWrapsAroundAndLiesGiveNone() {
    Connection connection =
        new Connection(null, 1, 2, VsockType.STREAM, 1000, Connection.Phase.OPEN);
    connection.guestBufferBytes = 1000;
    connection.sentCount = 300;
    connection.guestForwardedCount = -100;
    assertEquals(600, connection.guestFreeBytes());
    connection.guestForwardedCount = 301;
    assertEquals(0, connection.guestFreeBytes());
    connection.guestForwardedCount = -10_000;
    assertEquals(0, connection.guestFreeBytes());
    connection.receivedCount = 400;
    connection.forwardedToldToGuest = -100;
    assertTrue(connection.mayReceive(500));
    assertTrue(!connection.mayReceive(501));
  }

  @Test
  void aGuestThatSendsBeyondItsCreditLosesThatConnectionOnly() throws Exception {
    VsockStream greedy = connect(guest, 1);
    VsockStream other = connect(guest, 2);
    for (int i = 0; i < 4; i++) {
      guest.send(guest.packet(Header.RW, 1, PORT, 0, 0, new byte[65536]));
    }
    assertEquals(4 * 65536, greedy.available());
    guest.send(guest.packet(Header.RW, 1, PORT, 0, 0, new byte[1]));
    Packet reset = guest.receive();
    assertEquals("RST", reset.name());
    assertEquals(1, reset.targetPort());
    assertThrows(VsockException.class, () -> greedy.read(ByteBuffer.allocate(1)));
    guest.send(guest.packet(Header.RW, 2, PORT, 0, 0, text("fine")));
    assertArrayEquals(text("fine"), read(other, 4));
  }

  @Test
  void aLengthBeyondTheChainResetsTheConnection() throws Exception {
    connect(guest, 1);
    guest.send(new Packet(3, 2, 1, PORT, 100, 1, Header.RW, 0, 4096, 0, new byte[99]));
    assertEquals("RST", guest.receive().name());
    connect(guest, 1);
    guest.send(new Packet(3, 2, 1, PORT, 0xffff_ffffL, 1, Header.RW, 0, 4096, 0, new byte[9]));
    assertEquals("RST", guest.receive().name());
  }

  @Test
  void creditComesBackAsTheHostReads() throws Exception {
    VsockStream stream = connect(guest, 1);
    for (int i = 0; i < 4; i++) {
      guest.send(guest.packet(Header.RW, 1, PORT, 0, 0, random(65536)));
    }
    assertNull(guest.poll());
    read(stream, 65536);
    Packet update = guest.receive();
    assertEquals("CREDIT_UPDATE", update.name());
    assertEquals(65536, update.forwardedCount());
    guest.send(guest.packet(Header.CREDIT_REQUEST, 1, PORT, 0, 0, new byte[0]));
    assertEquals("CREDIT_UPDATE", guest.receive().name());
  }

  @Test
  void answersToStrangersAreBoundedAndTheGuestWaitsForItself() throws Exception {
    connect(guest, 1);
    guest.postReceives(false);
    int sent = 0;
    while (guest.canSend()) {
      guest.send(guest.packet(Header.RW, 99, 98, 0, 0, new byte[0]));
      sent++;
      assertTrue(sent < 1000, "the device takes packets without end");
    }
    int answered = 0;
    guest.postReceives(true);
    guest.repost();
    while (answered < sent) {
      assertEquals("RST", guest.receive().name());
      answered++;
    }
    assertTrue(guest.canSend());
  }

  @Test
  void messagesKeepTheirBoundaries() throws Exception {
    VsockStream stream = connect(guest, 1, 2);
    byte[] large = random(20_000);
    guest.send(guest.packet(2, Header.RW, 1, PORT, 0, 0, Arrays.copyOf(large, 15_000)));
    guest.send(
        guest.packet(2, Header.RW, 1, PORT, 1, 0, Arrays.copyOfRange(large, 15_000, 20_000)));
    guest.send(guest.packet(2, Header.RW, 1, PORT, 1, 0, new byte[0]));
    guest.send(guest.packet(2, Header.RW, 1, PORT, 1, 0, text("next")));
    ByteBuffer into = ByteBuffer.allocate(65536);
    assertEquals(20_000, stream.read(into));
    assertTrue(stream.messageEnded());
    assertEquals(0, stream.read(into));
    assertTrue(stream.messageEnded());
    assertEquals(4, stream.read(into));
    stream.write(ByteBuffer.wrap(large));
    int got = 0;
    Packet packet;
    do {
      packet = guest.receive(Header.RW);
      got += packet.payload().length;
      assertEquals(2, packet.type());
      assertEquals(got == 20_000 ? 1 : 0, packet.flags());
    } while (got < 20_000);
    stream.write(ByteBuffer.allocate(0));
    assertEquals(0, guest.receive(Header.RW).length());
  }

  @Test
  void endlessEmptyMessagesEndTheConnection() throws Exception {
    connect(guest, 1, 2);
    Packet empty = guest.packet(2, Header.RW, 1, PORT, 1, 0, new byte[0]);
    Packet answer = null;
    for (int i = 0; i < 20_000 && answer == null; i++) {
      guest.send(empty);
      answer = guest.poll();
    }
    assertEquals("RST", answer.name());
  }

  @Test
  void anotherDeviceForTheSameGuestIsRefused() {
    assertThrows(DeviceException.class, () -> guest.device().start(TestTransport.SPLIT));
  }

  @Test
  void connectionsAreLimited() throws Exception {
    AtomicInteger refused = new AtomicInteger();
    for (int i = 0; i < 1025; i++) {
      guest.send(guest.packet(Header.REQUEST, i, PORT, 0, 0, new byte[0]));
      if (guest.receive().name().equals("RST")) {
        refused.incrementAndGet();
      }
    }
    assertEquals(1, refused.get());
    assertEquals(1024, hub.endpoint("work").orElseThrow().connections());
  }

  @Test
  void aRebootResetsAllConnections() throws Exception {
    VsockStream stream = connect(guest, 1);
    guest.close();
    assertThrows(VsockException.class, () -> stream.read(ByteBuffer.allocate(1)));
    assertEquals(0, hub.endpoint("work").orElseThrow().connections());
    guest = new TestGuest(hub, "work", 3);
    connect(guest, 1);
  }

  @Test
  void aSwapKeepsConnectionsAndBytes() throws Exception {
    VsockStream stream = connect(guest, 1);
    byte[] bytes = random(60_000);
    guest.send(guest.packet(Header.RW, 1, PORT, 0, 0, bytes), 5);
    guest.swap();
    guest.send(guest.packet(Header.RW, 1, PORT, 0, 0, text("after")));
    assertArrayEquals(bytes, read(stream, bytes.length));
    assertArrayEquals(text("after"), read(stream, 5));
    stream.write(ByteBuffer.wrap(text("still here")));
    assertArrayEquals(text("still here"), guest.receive(Header.RW).payload());
    stream.shutdownOutput();
    guest.swap();
    assertEquals("SHUTDOWN", guest.receive().name());
  }

  @Test
  void aSuccessorMayStartBeforeItsFormerStopsAndMayBeRefusedThen() throws Exception {
    VsockStream stream = connect(guest, 1);
    guest.send(guest.packet(Header.RW, 1, PORT, 0, 0, text("before")));
    guest.swapTransport(true);
    stream.write(ByteBuffer.wrap(text("one")));
    assertArrayEquals(text("one"), guest.receive(Header.RW).payload());
    guest.swapTransport(false);
    stream.write(ByteBuffer.wrap(text("two")));
    assertArrayEquals(text("two"), guest.receive(Header.RW).payload());
    guest.send(guest.packet(Header.RW, 1, PORT, 0, 0, text("after")));
    assertArrayEquals(text("beforeafter"), read(stream, 11));
    connect(guest, 2);
  }

  @Test
  void theConfigurationIsExplained() {
    VsockDeviceFactory factory = new VsockDeviceFactory(hub);
    DeviceException missing =
        assertThrows(
            DeviceException.class,
            () -> factory.check(new DeviceConfig("work", "vsock", Map.of())));
    assertTrue(missing.getMessage().contains("\"cid\": 3"), missing.getMessage());
    assertThrows(
        DeviceException.class,
        () -> factory.check(new DeviceConfig("work", "vsock", Map.of("cid", 2))));
  }

  private void says(int port, int bytes) throws Exception {
    guest.send(guest.packet(Header.RW, port, PORT, 0, 0, new byte[bytes]));
  }

  @Test
  void buffersOfSmallPacketsAreGivenBackSomeTogetherOrSoon() throws Exception {
    connect(guest, 1);
    Ring queue = guest.transport.ring(1);
    says(1, 100);
    assertEquals(1, queue.inFlight());
    assertTrue(guest.transport.serveWoken(1, TestGuest.SOON));
    assertEquals(0, queue.inFlight());
    for (int i = 0; i < queue.size(); i++) {
      says(1, 100);
      assertTrue(queue.inFlight() < queue.size() / 8);
    }
  }

  @Test
  void aLargePacketsBufferIsGivenBackAtOnce() throws Exception {
    connect(guest, 1);
    says(1, 2000);
    assertEquals(0, guest.transport.ring(1).inFlight());
  }

  @Test
  void aSuccessorFindsNoBufferThatIsYetToBeGivenBack() throws Exception {
    VsockStream stream = connect(guest, 1);
    says(1, 100);
    guest.swap();
    assertEquals(0, guest.transport.ring(1).inFlight());
    assertEquals(100, stream.read(ByteBuffer.allocate(200)));
  }
}
