package org.lodge.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.link.HostEnd;

/** Programs of the host at the Unix socket of a guest. */
@Timeout(30)
class ProgramTest {
  private static final int LARGE = 1 << 20;

  @TempDir Path folder;
  private final Hub hub = new Hub();
  private FakeGuest guest;
  private Path path;

  @BeforeEach
  void start() throws Exception {
    path = folder.resolve("s");
    guest = new FakeGuest("work", 100, Optional.of(path)).attachTo(hub);
  }

  @AfterEach
  void stop() {
    hub.deactivate();
  }

  private SocketChannel dial(String line) throws IOException {
    SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(path));
    say(program, line.getBytes(StandardCharsets.US_ASCII));
    return program;
  }

  private static void say(SocketChannel program, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      program.write(buffer);
    }
  }

  private static byte[] hear(SocketChannel program, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count);
    while (buffer.hasRemaining() && program.read(buffer) >= 0) {}
    return java.util.Arrays.copyOf(buffer.array(), buffer.position());
  }

  private static byte[] random(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }

  /** A program that is connected to a guest with so much room. */
  private record Pair(SocketChannel program, FakeGuest.End end, HostEnd host) {}

  private Pair connect(int roomBytes) throws Exception {
    SocketChannel program = dial("CONNECT 5\n");
    HostEnd host = guest.awaitAsked();
    FakeGuest.End end = new FakeGuest.End(roomBytes).of(host);
    host.connected();
    host.ready();
    String ok = "OK %d\n".formatted(Integer.toUnsignedLong(host.hostPortNumber()));
    assertEquals(ok, new String(hear(program, ok.length()), StandardCharsets.US_ASCII));
    return new Pair(program, end, host);
  }

  @Test
  void whatAGuestHasNoRoomForWaitsAndNothingMoreIsRead() throws Exception {
    Pair pair = connect(100);
    byte[] sent = random(LARGE);
    Thread writer = Thread.ofVirtual().start(() -> sayQuietly(pair.program, sent));
    assertEquals(100, pair.end.await(100).length);
    for (int got = 100; got < LARGE; ) {
      pair.end.room(50_000);
      got = Math.min(LARGE, got + 50_000);
      pair.end.await(got);
    }
    writer.join();
    assertArrayEquals(sent, pair.end.got());
    pair.program.close();
    pair.end.awaitEnded(HostEnd.BOTH);
  }

  private static void sayQuietly(SocketChannel program, byte[] bytes) {
    try {
      say(program, bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aProgramThatDoesNotReadBlocksNobodyAndLosesNothing() throws Exception {
    Pair pair = connect(0);
    byte[] sent = random(LARGE);
    for (int at = 0; at < LARGE; at += 4096) {
      pair.end.send(java.util.Arrays.copyOfRange(sent, at, at + 4096), 0);
    }
    assertTrue(pair.host.consumedBytes() < LARGE, "the socket took a megabyte that nobody read");
    assertArrayEquals(sent, hear(pair.program, LARGE));
    pair.host.endedByGuest(HostEnd.SEND);
    assertEquals(0, hear(pair.program, 1).length);
    assertEquals(LARGE, pair.host.consumedBytes());
    pair.program.close();
  }

  @Test
  void anEndOfTheGuestComesAfterWhatItSent() throws Exception {
    Pair pair = connect(0);
    byte[] sent = random(LARGE);
    pair.end.send(sent, 0);
    pair.host.endedByGuest(HostEnd.BOTH);
    assertArrayEquals(sent, hear(pair.program, LARGE + 1));
    pair.end.awaitEnded(HostEnd.BOTH);
  }

  @Test
  void eachDirectionEndsAlone() throws Exception {
    Pair pair = connect(10);
    pair.program.shutdownOutput();
    pair.end.awaitEnded(HostEnd.SEND);
    assertEquals(HostEnd.SEND, pair.host.endedByHost());
    pair.end.send(new byte[] {1, 2}, 0);
    assertArrayEquals(new byte[] {1, 2}, hear(pair.program, 2));
    pair.host.endedByGuest(HostEnd.BOTH);
    assertEquals(0, hear(pair.program, 1).length);
    pair.end.awaitEnded(HostEnd.BOTH);
  }

  @Test
  void aProgramThatIsGoneResetsAGuestThatStillSends() throws Exception {
    Pair pair = connect(10);
    pair.program.shutdownOutput();
    pair.end.awaitEnded(HostEnd.SEND);
    pair.program.close();
    while (!pair.host.resetByHost() && pair.host.endedByHost() != HostEnd.BOTH) {
      pair.end.send(new byte[100], 0);
    }
  }

  @Test
  void aResetOfTheGuestClosesTheProgramsSocket() throws Exception {
    Pair pair = connect(10);
    pair.host.closed(false);
    assertEquals(0, hear(pair.program, 1).length);
    awaitNoConnections();
  }

  @Test
  void aProgramThatGivesUpBeforeTheAnswerIsForgotten() throws Exception {
    SocketChannel program = dial("CONNECT 5\n");
    HostEnd host = guest.awaitAsked();
    FakeGuest.End end = new FakeGuest.End(10).of(host);
    program.close();
    end.awaitReset();
    host.closed(false);
    awaitNoConnections();
  }

  private void awaitNoConnections() throws InterruptedException {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (hub.endpoint("work").orElseThrow().connections() > 0) {
      assertTrue(System.nanoTime() < until, "a connection was left");
      Thread.onSpinWait();
    }
  }

  @Test
  void theLineMayComeInPieces() throws Exception {
    SocketChannel program = dial("CON");
    say(program, "NECT 4294967294\r".getBytes(StandardCharsets.US_ASCII));
    say(program, "\nabc".getBytes(StandardCharsets.US_ASCII));
    HostEnd host = guest.awaitAsked();
    assertEquals(-2, host.guestPortNumber());
    FakeGuest.End end = new FakeGuest.End(10).of(host);
    host.connected();
    host.ready();
    assertEquals("abc", new String(end.await(3), StandardCharsets.US_ASCII));
    program.close();
  }

  @Test
  void noGarbageInPlaceOfTheLineHarmsTheNext() throws Exception {
    Random random = new Random(1);
    for (int i = 0; i < 300; i++) {
      byte[] garbage = new byte[random.nextInt(80)];
      random.nextBytes(garbage);
      if (random.nextBoolean()) {
        byte[] begin = "CONNECT ".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(begin, 0, garbage, 0, Math.min(begin.length, garbage.length));
      }
      try (SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
        say(program, garbage);
      } catch (IOException e) {
        // Hung up on in the middle.
      }
    }
    assertNull(guest.asked.poll());
    connect(10).program.close();
  }

  @Test
  void aGuestReachesAProgramThatListensAndNobodyElse() throws Exception {
    assertNull(guest.ask(new FakeGuest.End(10), 80, VsockType.STREAM));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path + "_80"));
      assertNull(guest.ask(new FakeGuest.End(10), 80, VsockType.SEQPACKET));
      FakeGuest.End end = new FakeGuest.End(10);
      HostEnd host = guest.ask(end, 80, VsockType.STREAM);
      assertTrue(host.accepted());
      try (SocketChannel program = server.accept()) {
        say(program, new byte[] {1, 2, 3});
        assertArrayEquals(new byte[] {1, 2, 3}, end.await(3));
        end.send(new byte[] {4}, 0);
        assertArrayEquals(new byte[] {4}, hear(program, 1));
      }
      end.awaitEnded(HostEnd.BOTH);
    }
    assertNull(guest.ask(new FakeGuest.End(10), 80, VsockType.STREAM), "nobody accepts any more");
  }

  @Test
  void connectionsOfProgramsAreLimitedToo() throws Exception {
    FakeGuest few = new FakeGuest("few", 1, Optional.of(folder.resolve("few"))).attachTo(hub);
    try (SocketChannel first =
            SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("few")));
        SocketChannel second =
            SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("few")))) {
      say(first, "CONNECT 1\n".getBytes(StandardCharsets.US_ASCII));
      few.awaitAsked();
      say(second, "CONNECT 2\n".getBytes(StandardCharsets.US_ASCII));
      assertEquals(0, hear(second, 1).length);
    }
  }
}
