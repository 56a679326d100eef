package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.connect.Announcement;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Grant;
import org.lodge.connect.GuestEndpoint;
import org.lodge.connect.GuestSession;
import org.lodge.connect.ServiceDescription;

/** Plays the agent in a guest, by hand or by answering every announcement at once. */
final class TestGuest implements GuestEndpoint {
  static final long LIMIT_SECONDS = 30;

  final BlockingQueue<Announcement> announced = new LinkedBlockingQueue<>();
  final BlockingQueue<MemoryStream> accepted = new LinkedBlockingQueue<>();
  final AtomicInteger lateTokens = new AtomicInteger();
  final GuestSession session;
  private final String name;
  private volatile boolean answers = true;

  TestGuest(BrokerService broker, String name, String... services) {
    this.name = name;
    this.session = broker.attach(this);
    session.offer(
        Arrays.stream(services).map(service -> ServiceDescription.bytes(service, "")).toList());
  }

  TestGuest silent() {
    answers = false;
    return this;
  }

  @Override
  public String guest() {
    return name;
  }

  @Override
  public void announce(Announcement announcement) {
    announced.add(announcement);
    if (answers) {
      Thread.ofVirtual().start(() -> accept(announcement));
    }
  }

  void accept(Announcement announcement) {
    try {
      accepted.add(dial(announcement.token()));
    } catch (ConnectException e) {
      lateTokens.incrementAndGet();
    }
  }

  /** Comes with a token; the guest's end of the stream. */
  MemoryStream dial(String token) throws ConnectException {
    MemoryStream stream = new MemoryStream();
    session.redeem(token, stream);
    return stream.peer;
  }

  /** Calls, is granted, and comes. */
  MemoryStream open(String service, String target) throws Exception {
    return dial(grant(service, target).token());
  }

  Grant grant(String service, String target) throws Exception {
    return get(session.call(Call.of(service, "", target)));
  }

  MemoryStream takeAccepted() throws InterruptedException {
    MemoryStream stream = accepted.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (stream == null) {
      throw new AssertionError(name + " was not connected");
    }
    return stream;
  }

  Announcement takeAnnounced() throws InterruptedException {
    Announcement announcement = announced.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (announcement == null) {
      throw new AssertionError(name + " was not told of a connection");
    }
    return announcement;
  }

  static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  static void assertRefused(Reason reason, CompletionStage<?> stage) {
    ExecutionException e = assertThrows(ExecutionException.class, () -> get(stage));
    assertEquals(
        reason, assertInstanceOf(ConnectException.class, e.getCause()).reason(), e::toString);
  }
}
