package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.lodge.connect.Announcement;
import org.lodge.connect.ByteStream;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.GuestEndpoint;
import org.lodge.policy.Request;

class TicketsTest {
  private static final Duration LONG = Duration.ofMinutes(5);

  private final Tickets tickets = new Tickets();
  private final Session work = session("work");
  private final Session vault = session("vault");

  @Test
  void ofAllWhoComeAtOnceWithOneTokenOneIsTaken() throws Exception {
    for (int round = 0; round < 300; round++) {
      Link link = link();
      Tickets.Ticket ticket = tickets.issue(work, link, LONG);
      AtomicInteger taken = new AtomicInteger();
      List<MemoryStream> streams = new ArrayList<>();
      List<Thread> threads = new ArrayList<>();
      CountDownLatch start = new CountDownLatch(1);
      for (int i = 0; i < 6; i++) {
        MemoryStream stream = new MemoryStream();
        streams.add(stream);
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    start.await();
                    tickets.redeem(work, ticket.token(), stream);
                    taken.incrementAndGet();
                  } catch (ConnectException | InterruptedException e) {
                    Thread.yield();
                  }
                }));
      }
      start.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(1, taken.get());
      assertEquals(5, streams.stream().filter(MemoryStream::isReset).count());
      assertFalse(((MemoryStream) ticket.arrival().get()).isReset());
      assertEquals(0, tickets.count());
    }
  }

  /** A token is used and its connection ended at the same time: the stream is taken or reset. */
  @Test
  void aTokenThatIsUsedWhileItsConnectionEndsLeavesNoStreamBehind() throws Exception {
    for (int round = 0; round < 500; round++) {
      Link link = link();
      Tickets.Ticket ticket = tickets.issue(work, link, LONG);
      ticket.arrival().whenComplete((stream, e) -> hold(link, stream));
      MemoryStream stream = new MemoryStream();
      Thread ends = Thread.ofVirtual().start(() -> link.reset("over"));
      try {
        tickets.redeem(work, ticket.token(), stream);
      } catch (ConnectException e) {
        assertEquals(Reason.BAD_TOKEN, e.reason());
      }
      ends.join();
      assertTrue(stream.isReset());
      assertTrue(ticket.arrival().isDone());
    }
    assertEquals(0, tickets.count());
  }

  private static void hold(Link link, ByteStream stream) {
    if (stream != null) {
      link.hold(stream);
    }
  }

  @Test
  void aTokenIsGoodForItsGuestOnlyAndAStrangerDoesNotSpendIt() throws Exception {
    Tickets.Ticket ticket = tickets.issue(work, link(), LONG);
    MemoryStream stranger = new MemoryStream();
    assertThrows(ConnectException.class, () -> tickets.redeem(vault, ticket.token(), stranger));
    assertTrue(stranger.isReset());
    Session earlier = session("work");
    assertThrows(
        ConnectException.class, () -> tickets.redeem(earlier, ticket.token(), new MemoryStream()));
    tickets.redeem(work, ticket.token(), new MemoryStream());
    assertThrows(
        ConnectException.class, () -> tickets.redeem(work, ticket.token(), new MemoryStream()));
  }

  @Test
  void aTokenEndsWithItsTime() {
    Tickets.Ticket ticket = tickets.issue(work, link(), Duration.ofMillis(1));
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> TestGuest.get(ticket.arrival()));
    assertEquals(Reason.TIMEOUT, ((ConnectException) e.getCause()).reason());
    assertEquals(0, tickets.count());
  }

  @Test
  void tokensAreLongAndNeverTheSame() {
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      String token = tickets.issue(work, link(), LONG).token();
      assertEquals(32, token.length());
      assertTrue(seen.add(token));
    }
    assertNotEquals(0, tickets.count());
  }

  private static Link link() {
    return new Link(1, new Request("sign", "", "work", "vault"));
  }

  private Session session(String guest) {
    GuestEndpoint endpoint =
        new GuestEndpoint() {
          @Override
          public String guest() {
            return guest;
          }

          @Override
          public void announce(Announcement announcement) {}
        };
    return new Session(endpoint, null, tickets, closed -> {});
  }
}
