package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.connect.internal.Streams.assertReceives;
import static org.lodge.connect.internal.Streams.send;
import static org.lodge.connect.internal.TestGuest.assertRefused;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Grant;

class LoadTest {
  private static final int MAX_BYTES_IN_FLIGHT = 3 * Pump.LARGE_BYTES;

  private final Rules rules = new Rules("work", "vault").allow("sign", "work", "vault");
  private final BrokerService broker =
      rules.broker(
          new Limits(
              8,
              8,
              MAX_BYTES_IN_FLIGHT,
              100_000,
              2,
              Duration.ofSeconds(30),
              Duration.ofSeconds(30)));

  @AfterEach
  void nothingIsLeft() throws Exception {
    broker.close();
    assertEquals(List.of(), broker.connections());
    assertEquals(0, broker.tickets().count());
    assertEquals(0, usage().connections());
  }

  private Usage usage() {
    return broker.registry().usage("work").orElseThrow();
  }

  @Test
  void connectionsBeyondTheLimitAreRefusedUntilOneEnds() throws Exception {
    new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    List<Grant> open = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      open.add(work.grant("sign", "vault"));
    }
    assertRefused(Reason.LIMIT, work.session.call(Call.of("sign", "", "vault")));
    open.getFirst().connection().reset("enough");
    work.grant("sign", "vault");
  }

  /** All bytes arrive, whatever the sizes of reads and writes, with large buffers and without. */
  @Test
  void whatIsSentArrivesUnchanged() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    for (int seed = 0; seed < 6; seed++) {
      Random random = new Random(seed);
      byte[] data = new byte[1 + random.nextInt(1 << 20)];
      random.nextBytes(data);
      MemoryStream source = work.open("sign", "vault");
      MemoryStream target = vault.takeAccepted();
      CompletableFuture<Void> sent =
          CompletableFuture.runAsync(() -> write(source, data, random.nextInt(100_000) + 1));
      ByteBuffer received = ByteBuffer.allocate(data.length + 1);
      while (target.read(received) >= 0) {
        assertTrue(usage().bytesInFlight() <= MAX_BYTES_IN_FLIGHT);
      }
      sent.get(TestGuest.LIMIT_SECONDS, TimeUnit.SECONDS);
      assertEquals(data.length, received.position());
      assertArrayEquals(data, Arrays.copyOf(received.array(), data.length));
      target.shutdownOutput();
    }
  }

  private static void write(MemoryStream stream, byte[] data, int atOnce) {
    try {
      for (int at = 0; at < data.length; at += atOnce) {
        stream.write(ByteBuffer.wrap(data, at, Math.min(atOnce, data.length - at)));
      }
      stream.shutdownOutput();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void thoseWhoNeverReadStallNobodyElseAndHoldNoMoreThanTheirLimit() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    byte[] much = new byte[1 << 20];
    List<CompletableFuture<Void>> stalled = new ArrayList<>();
    List<MemoryStream> sources = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      MemoryStream source = work.open("sign", "vault");
      vault.takeAccepted();
      sources.add(source);
      CompletableFuture<Void> write = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(() -> {
            try {
              source.write(ByteBuffer.wrap(much));
              write.complete(null);
            } catch (IOException e) {
              write.completeExceptionally(e);
            }
          });
      stalled.add(write);
    }
    MemoryStream source = work.open("sign", "vault");
    MemoryStream target = vault.takeAccepted();
    for (int i = 0; i < 200; i++) {
      send(source, "ping");
      assertReceives(target, "ping");
      send(target, "pong");
      assertReceives(source, "pong");
    }
    assertTrue(usage().bytesInFlight() <= MAX_BYTES_IN_FLIGHT);
    assertTrue(stalled.stream().noneMatch(CompletableFuture::isDone));
    sources.forEach(MemoryStream::reset);
    for (CompletableFuture<Void> write : stalled) {
      assertTrue(write.handle((done, e) -> e != null).get(30, TimeUnit.SECONDS));
    }
  }

  /** Opened and ended at every stage by several threads at once: nothing stays behind. */
  @Test
  void manyConnectionsEndedAtAnyStageLeaveNothing() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    AtomicInteger opened = new AtomicInteger();
    List<CompletableFuture<Void>> done = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      Random random = new Random(t);
      CompletableFuture<Void> thread = new CompletableFuture<>();
      done.add(thread);
      Thread.ofVirtual()
          .start(() -> {
            try {
              for (int i = 0; i < 100; i++) {
                opened.addAndGet(openAndEnd(work, random.nextInt(5)));
              }
              thread.complete(null);
            } catch (Exception e) {
              thread.completeExceptionally(e);
            }
          });
    }
    for (CompletableFuture<Void> thread : done) {
      thread.get(60, TimeUnit.SECONDS);
    }
    assertTrue(opened.get() > 40, "only " + opened.get());
    assertEquals(List.of(), broker.connections());
    assertEquals(0, broker.tickets().count());
    for (MemoryStream stream : vault.accepted) {
      assertTrue(stream.isOver());
    }
  }

  private int openAndEnd(TestGuest work, int stage) throws Exception {
    if (stage == 0) {
      var call = work.session.call(Call.of("sign", "", "vault"));
      broker.connections().forEach(connection -> connection.reset("at random"));
      call.toCompletableFuture().handle((grant, e) -> grant).get(30, TimeUnit.SECONDS);
      return 0;
    }
    try {
      Grant grant = work.grant("sign", "vault");
      if (stage > 1) {
        MemoryStream stream = work.dial(grant.token());
        if (stage > 2) {
          send(stream, "x");
        }
        if (stage > 3) {
          stream.reset();
        }
      }
      grant.connection().reset("over");
      TestGuest.get(grant.connection().ended());
      return 1;
    } catch (ExecutionException | IOException e) {
      // Ended by another thread's stage 0, which is what this is about.
      return 0;
    }
  }
}
