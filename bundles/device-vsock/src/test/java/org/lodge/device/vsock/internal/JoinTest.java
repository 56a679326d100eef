package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.virtio.RingException;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockJoin;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.internal.Hub;

/** Connections of two guests that flow into each other. */
@Timeout(120)
class JoinTest {
  private static final int PORT = 7000;

  private final Hub hub = new Hub();
  private final LinkedBlockingQueue<VsockStream> accepted = new LinkedBlockingQueue<>();
  private TestGuest work;
  private TestGuest vault;

  @BeforeEach
  void start() throws Exception {
    hub.addListener(request -> accepted.add(request.accept()), Map.of(VsockListener.PORT, PORT));
    work = new TestGuest(hub, "work", 3);
    vault = new TestGuest(hub, "vault", 4, TestGuest.ALL_FEATURES, 16, 1500);
  }

  @AfterEach
  void stop() {
    work.close();
    vault.close();
    hub.deactivate();
  }

  /** Two sockets that are joined on the host. */
  private final class Pair {
    final GuestSocket first;
    final GuestSocket second;
    final VsockJoin join;

    Pair(int port, long seed) throws Exception {
      first = new GuestSocket(work, port, PORT, seed, -seed - 1);
      second = new GuestSocket(vault, port, PORT, -seed - 1, seed);
      join = hub.join(open(first), open(second));
    }

    private VsockStream open(GuestSocket socket) throws Exception {
      socket.send(Header.REQUEST, 0);
      while (!socket.open) {
        socket.handle(socket.guest.receive());
      }
      return accepted.poll(10, TimeUnit.SECONDS);
    }
  }

  private static void receiveAll(List<GuestSocket> sockets) throws RingException {
    for (GuestSocket socket : sockets) {
      for (Packet packet : socket.guest.receiveAll()) {
        sockets.stream()
            .filter(each -> each.guest == socket.guest && each.owns(packet))
            .forEach(each -> each.handle(packet));
      }
    }
  }

  private static void settle(List<GuestSocket> sockets) throws RingException {
    long before;
    do {
      before = sockets.stream().mapToLong(s -> s.receivedBytes + s.consumedBytes).sum();
      receiveAll(sockets);
      for (GuestSocket socket : sockets) {
        socket.guest.postReceives(true);
        socket.guest.repost();
        socket.consume(Long.MAX_VALUE);
        if (!socket.reset && socket.guest.canSend()) {
          socket.update();
        }
      }
      receiveAll(sockets);
    } while (sockets.stream().mapToLong(s -> s.receivedBytes + s.consumedBytes).sum() != before);
  }

  @Test
  void bytesEndsAndResetsPass() throws Exception {
    Pair pair = new Pair(1, 7);
    List<GuestSocket> both = List.of(pair.first, pair.second);
    pair.first.write(5000, 3);
    pair.second.write(70, 1);
    settle(both);
    assertEquals(5000, pair.second.receivedBytes);
    assertEquals(70, pair.first.receivedBytes);
    assertEquals(5000, pair.join.forwardBytes());
    assertEquals(70, pair.join.backwardBytes());
    pair.first.send(Header.SHUTDOWN, 2);
    settle(both);
    assertEquals(2, pair.second.endedByPeer);
    pair.second.write(9, 1);
    pair.second.send(Header.SHUTDOWN, 3);
    settle(both);
    assertEquals(79, pair.first.receivedBytes);
    assertEquals(3, pair.first.endedByPeer);
    assertTrue(pair.second.reset);
    pair.first.send(Header.SHUTDOWN, 3);
    settle(both);
    assertTrue(pair.first.reset);
    pair.join.ended().toCompletableFuture().get(10, TimeUnit.SECONDS);
    assertEquals(0, hub.endpoint("work").orElseThrow().connections());
    assertEquals(0, hub.endpoint("vault").orElseThrow().connections());

    Pair broken = new Pair(2, 8);
    broken.first.send(Header.RST, 0);
    settle(List.of(broken.first, broken.second));
    assertTrue(broken.second.reset);
    ExecutionException e =
        assertThrows(
            ExecutionException.class,
            () -> broken.join.ended().toCompletableFuture().get(10, TimeUnit.SECONDS));
    assertInstanceOf(VsockException.class, e.getCause());
  }

  /** As where a program ends that has not read all. */
  @Test
  void whoSendsToOneThatHasClosedInOrderIsResetAndTheJoinIsNot() throws Exception {
    Pair pair = new Pair(1, 7);
    pair.second.write(9, 1);
    pair.second.send(Header.SHUTDOWN, 3);
    settle(List.of(pair.first, pair.second));
    pair.first.write(5, 1);
    settle(List.of(pair.first, pair.second));
    assertEquals(9, pair.first.receivedBytes);
    assertTrue(pair.first.reset);
    pair.join.ended().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @Test
  void whatIsUnderwayArrivesAfterTheSenderHasClosed() throws Exception {
    Pair pair = new Pair(1, 7);
    vault.postReceives(false);
    long sent = 0;
    while (pair.first.credit() > 0) {
      sent += pair.first.write(30_000, 2);
      receiveAll(List.of(pair.first));
    }
    assertTrue(sent >= 256 << 10);
    pair.first.send(Header.SHUTDOWN, 3);
    pair.first.send(Header.RST, 0);
    settle(List.of(pair.first, pair.second));
    assertEquals(sent, pair.second.receivedBytes);
    assertEquals(3, pair.second.endedByPeer);
  }

  @Test
  void aGuestThatNeverReadsDoesNotStallOthers() throws Exception {
    Pair stuck = new Pair(1, 7);
    Pair fine = new Pair(2, 8);
    VsockStream control = openControl();
    List<GuestSocket> sockets = List.of(stuck.first, stuck.second, fine.first, fine.second);
    while (stuck.first.credit() > 0) {
      stuck.first.write(7000, 2);
      receiveAll(sockets);
    }
    fine.first.write(20_000, 2);
    work.send(work.packet(Header.RW, 77, PORT, 0, 0, new byte[] {1, 2, 3}));
    ByteBuffer into = ByteBuffer.allocate(3);
    assertEquals(3, control.read(into));
    receiveAll(sockets);
    assertEquals(20_000, fine.second.receivedBytes);
    assertTrue(stuck.second.receivedBytes <= GuestSocket.BUFFER_BYTES);
    settle(sockets);
    assertEquals(stuck.first.sentBytes, stuck.second.receivedBytes);
  }

  private VsockStream openControl() throws Exception {
    work.send(work.packet(Header.REQUEST, 77, PORT, 0, 0, new byte[0]));
    work.receive(Header.RESPONSE);
    return accepted.poll(10, TimeUnit.SECONDS);
  }

  @Test
  void aJoinedConnectionBelongsToTheJoin() throws Exception {
    VsockStream stream = openControl();
    work.send(work.packet(Header.REQUEST, 78, PORT, 0, 0, new byte[0]));
    work.receive(Header.RESPONSE);
    VsockStream other = accepted.poll(10, TimeUnit.SECONDS);
    work.send(work.packet(Header.RW, 77, PORT, 0, 0, new byte[] {1}));
    VsockJoin join = hub.join(stream, other);
    assertArrayEquals(new byte[] {1}, work.receive(Header.RW).payload());
    assertThrows(IllegalStateException.class, () -> stream.read(ByteBuffer.allocate(1)));
    assertThrows(IllegalStateException.class, () -> stream.write(ByteBuffer.allocate(1)));
    assertThrows(IllegalArgumentException.class, () -> hub.join(stream, other));
    join.close();
    assertEquals("RST", work.receive().name());
    assertEquals("RST", work.receive().name());
  }

  /** Any order of writes, reads, stalls and swaps delivers exactly the bytes that were sent. */
  @Test
  void aRandomScheduleDeliversExactlyTheBytes() throws Exception {
    for (long seed = 1; seed <= 12; seed++) {
      schedule(new Random(seed), (int) seed);
    }
    assertEquals(0, hub.endpoint("work").orElseThrow().connections());
    assertEquals(0, hub.endpoint("vault").orElseThrow().connections());
  }

  private void schedule(Random random, int round) throws Exception {
    List<Pair> pairs = new ArrayList<>();
    List<GuestSocket> sockets = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Pair pair = new Pair(10 * round + i, 100L * round + i);
      pairs.add(pair);
      sockets.add(pair.first);
      sockets.add(pair.second);
    }
    for (int step = 0; step < 600; step++) {
      GuestSocket socket = sockets.get(random.nextInt(sockets.size()));
      switch (random.nextInt(12)) {
        case 0, 1, 2, 3 -> {
          if (socket.guest.canSend()) {
            socket.write(length(random), 1 + random.nextInt(17));
          }
        }
        case 4, 5 -> socket.consume(length(random));
        case 6 -> {
          if (socket.guest.canSend()) {
            socket.update();
          }
        }
        case 7 -> socket.guest.postReceives(random.nextBoolean());
        case 8 -> socket.guest.repost();
        case 9 -> {
          if (random.nextInt(8) == 0) {
            socket.guest.swap();
          }
        }
        default -> receiveAll(sockets);
      }
    }
    settle(sockets);
    for (Pair pair : pairs) {
      assertEquals(pair.first.sentBytes, pair.second.receivedBytes);
      assertEquals(pair.second.sentBytes, pair.first.receivedBytes);
      pair.first.send(Header.SHUTDOWN, 3);
    }
    settle(sockets);
    for (Pair pair : pairs) {
      assertTrue(pair.first.reset);
      assertEquals(3, pair.second.endedByPeer);
      pair.second.send(Header.RST, 0);
    }
    settle(sockets);
  }

  private static int length(Random random) {
    return random.nextInt(3) == 0 ? 1 + random.nextInt(60_000) : 1 + random.nextInt(300);
  }
}
