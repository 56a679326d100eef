package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.connect.internal.Streams.assertEnd;
import static org.lodge.connect.internal.Streams.assertReceives;
import static org.lodge.connect.internal.Streams.assertReset;
import static org.lodge.connect.internal.Streams.send;
import static org.lodge.connect.internal.TestGuest.assertRefused;
import static org.lodge.connect.internal.TestGuest.get;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.connect.Announcement;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Connection.Stage;
import org.lodge.connect.ConnectionEvent;
import org.lodge.connect.Grant;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.StreamJoin;

class BrokerTest {
  static final Limits LIMITS =
      new Limits(8, 8, 1 << 20, 100_000, 2, Duration.ofSeconds(30), Duration.ofSeconds(30));

  private final Rules rules = new Rules("work", "vault", "mail").allow("sign", "work", "vault");
  private BrokerService broker = rules.broker(LIMITS);

  @AfterEach
  void nothingIsLeft() {
    broker.close();
    assertEquals(List.of(), broker.connections());
    assertEquals(List.of(), broker.asks());
    assertEquals(0, broker.tickets().count());
    for (String guest : List.of("work", "vault", "mail")) {
      assertEquals(0, broker.registry().usage(guest).orElseThrow().connections());
    }
  }

  @Test
  void anAllowedCallFlowsBothWaysAndEachWayEndsByItself() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    Grant grant = work.grant("sign", "vault");
    MemoryStream source = work.dial(grant.token());
    MemoryStream target = vault.takeAccepted();
    send(source, "please sign");
    source.shutdownOutput();
    assertReceives(target, "please sign");
    assertEnd(target);
    send(target, "signed");
    assertReceives(source, "signed");
    assertEquals(Stage.OPEN, grant.connection().stage());
    target.shutdownOutput();
    assertEnd(source);
    get(grant.connection().ended());
    assertFalse(grant.connection().isBroken());
    assertEquals(11, grant.connection().forwardBytes());
    assertEquals(6, grant.connection().backwardBytes());
    assertTrue(source.isOver() && target.isOver());
  }

  @Test
  void theTargetLearnsWhoCallsAndUnderWhichOptions() throws Exception {
    rules.allow("open", "mail", "@default", "target=vault", "user=me");
    TestGuest vault = new TestGuest(broker, "vault", "open");
    TestGuest mail = new TestGuest(broker, "mail");
    mail.session.call(Call.of("open", "pdf", "@default"));
    Announcement announcement = vault.takeAnnounced();
    assertEquals("open", announcement.service());
    assertEquals("pdf", announcement.argument());
    assertEquals("mail", announcement.source());
    assertEquals("me", announcement.options().get("user"));
  }

  @Test
  void aDeniedCallNeverReachesItsTarget() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest mail = new TestGuest(broker, "mail");
    assertRefused(Reason.DENIED, mail.session.call(Call.of("sign", "", "vault")));
    assertRefused(Reason.DENIED, mail.session.call(Call.of("sign", "", "nobody")));
    assertRefused(Reason.BAD_REQUEST, mail.session.call(Call.of("s\nx", "", "vault")));
    assertEquals(0, vault.announced.size());
  }

  @Test
  void withoutAPolicyEverythingNewIsDeniedAndTheRestGoesOn() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    MemoryStream source = work.open("sign", "vault");
    broker.unsetPolicy(rules);
    broker.unsetGuests(rules);
    assertRefused(Reason.DENIED, work.session.call(Call.of("sign", "", "vault")));
    send(source, "still here");
    assertReceives(vault.takeAccepted(), "still here");
    broker.setPolicy(rules);
    broker.setGuests(rules);
    work.open("sign", "vault");
  }

  @Test
  void aTargetThatIsNotThereOrOffersNothingIsSaidSo() throws Exception {
    TestGuest work = new TestGuest(broker, "work");
    assertRefused(Reason.UNREACHABLE, work.session.call(Call.of("sign", "", "vault")));
    new TestGuest(broker, "vault", "other");
    assertRefused(Reason.NOT_OFFERED, work.session.call(Call.of("sign", "", "vault")));
  }

  @Test
  void aTargetMaySayNo() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign").silent();
    TestGuest work = new TestGuest(broker, "work");
    CompletionStage<Grant> call = work.session.call(Call.of("sign", "", "vault"));
    String token = vault.takeAnnounced().token();
    work.session.refuse(token, "not mine to refuse");
    vault.session.refuse(token, "busy\u0007");
    assertRefused(Reason.REFUSED, call);
    assertThrows(ConnectException.class, () -> vault.dial(token));
  }

  @Test
  void oneGuestLeavesRoomAtAnotherForTheRest() throws Exception {
    broker.close();
    broker =
        rules
            .allow("sign", "mail", "vault")
            .broker(new Limits(8, 2, 0, 1000, 2, Duration.ofSeconds(30), Duration.ofSeconds(30)));
    new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    TestGuest mail = new TestGuest(broker, "mail");
    Grant first = work.grant("sign", "vault");
    work.open("sign", "vault");
    assertRefused(Reason.LIMIT, work.session.call(Call.of("sign", "", "vault")));
    mail.open("sign", "vault");
    first.connection().reset("enough");
    get(first.connection().ended());
    work.open("sign", "vault");
  }

  @Test
  void whoDoesNotComeInTimeHasNoConnection() throws Exception {
    broker.close();
    broker =
        rules.broker(new Limits(8, 8, 0, 1000, 2, Duration.ofMillis(50), Duration.ofSeconds(30)));
    TestGuest vault = new TestGuest(broker, "vault", "sign").silent();
    TestGuest work = new TestGuest(broker, "work");
    assertRefused(Reason.TIMEOUT, work.session.call(Call.of("sign", "", "vault")));

    new TestGuest(broker, "vault", "sign");
    Grant grant = grantWhereTheTargetComesInTime(work);
    get(grant.connection().ended());
    assertThrows(ConnectException.class, () -> work.dial(grant.token()));
    assertThrows(ConnectException.class, () -> vault.dial("0".repeat(32)));
  }

  /** On a busy machine that takes it several times. */
  private static Grant grantWhereTheTargetComesInTime(TestGuest work) throws Exception {
    while (true) {
      try {
        return work.grant("sign", "vault");
      } catch (ExecutionException e) {
        assertEquals(Reason.TIMEOUT, ((ConnectException) e.getCause()).reason());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"work", "vault"})
  void theEndOfEitherGuestIsAResetForTheOther(String ends) throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    MemoryStream source = work.open("sign", "vault");
    MemoryStream target = vault.takeAccepted();
    (ends.equals("work") ? work : vault).session.close();
    assertReset(source);
    assertReset(target);
    assertEquals(List.of(), broker.connections());
  }

  @ParameterizedTest
  @ValueSource(strings = {"work", "vault"})
  void theEndOfEitherGuestAnswersACallOnItsWay(String ends) throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign").silent();
    TestGuest work = new TestGuest(broker, "work");
    CompletionStage<Grant> call = work.session.call(Call.of("sign", "", "vault"));
    vault.takeAnnounced();
    (ends.equals("work") ? work : vault).session.close();
    assertRefused(Reason.UNREACHABLE, call);
  }

  @Test
  void theEndOfTheBrokerAnswersEverything() throws Exception {
    rules.ask("ask", "work", "vault");
    TestGuest vault = new TestGuest(broker, "vault", "sign").silent();
    TestGuest work = new TestGuest(broker, "work");
    CompletionStage<Grant> waiting = work.session.call(Call.of("ask", "", "vault"));
    CompletionStage<Grant> calling = work.session.call(Call.of("sign", "", "vault"));
    vault.takeAnnounced();
    broker.close();
    assertRefused(Reason.UNREACHABLE, waiting);
    assertRefused(Reason.UNREACHABLE, calling);
    assertRefused(Reason.ENDED, broker.connect("@host", Call.of("sign", "", "vault")));
  }

  @Test
  void aResetOfOneSideIsAResetOfTheOther() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    Grant grant = work.grant("sign", "vault");
    MemoryStream source = work.dial(grant.token());
    MemoryStream target = vault.takeAccepted();
    source.reset();
    assertReset(target);
    get(grant.connection().ended());
    assertTrue(grant.connection().isBroken());
  }

  @Test
  void theNewestAgentOfAGuestCounts() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    MemoryStream before = work.open("sign", "vault");
    TestGuest again = new TestGuest(broker, "vault", "sign");
    assertReset(before);
    vault.session.close();
    work.open("sign", "vault");
    again.takeAccepted();
  }

  @Test
  void aTransportThatJoinsByItselfCarriesTheBytes() throws Exception {
    CompletableFuture<Void> over = new CompletableFuture<>();
    StreamJoin join =
        new StreamJoin() {
          @Override
          public long forwardBytes() {
            return 7;
          }

          @Override
          public long backwardBytes() {
            return 8;
          }

          @Override
          public CompletionStage<Void> ended() {
            return over;
          }

          @Override
          public void reset() {
            over.complete(null);
          }
        };
    new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    Grant grant = work.grant("sign", "vault");
    work.session.redeem(grant.token(), new MemoryStream().joiningBy(join));
    assertEquals(7, grant.connection().forwardBytes());
    assertEquals(8, grant.connection().backwardBytes());
    over.completeExceptionally(new IOException("reset"));
    get(grant.connection().ended());
    assertTrue(grant.connection().isBroken());
  }

  @Test
  void aTransportThatFailsCostsItsConnectionOnly() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    Grant grant = work.grant("sign", "vault");
    work.session.redeem(
        grant.token(), new MemoryStream().joiningBy(new IllegalStateException("a fault")));
    get(grant.connection().ended());
    assertReset(vault.takeAccepted());
    work.open("sign", "vault");
  }

  @Test
  void theHostHasTheTargetsStreamItself() throws Exception {
    rules.allow("exec", "@host", "vault");
    TestGuest vault = new TestGuest(broker, "vault", "exec");
    ByteStream host = get(broker.connect("@host", Call.of("exec", "", "vault")));
    MemoryStream guest = vault.takeAccepted();
    send(host, "uname");
    assertReceives(guest, "uname");
    send(guest, "Linux");
    guest.shutdownOutput();
    assertReceives(host, "Linux");
    assertEnd(host);
    assertEquals(5, broker.connections().getFirst().forwardBytes());
    host.close();
    assertEnd(guest);
    assertEquals(List.of(), broker.connections());
  }

  @Test
  void theHostHearsHowTheProgramBehindItsStreamEnds() throws Exception {
    rules.allow("exec", "@host", "vault");
    TestGuest vault = new TestGuest(broker, "vault", "exec").silent();
    CompletionStage<ByteStream> connecting = broker.connect("@host", Call.of("exec", "", "vault"));
    CompletableFuture<Integer> outcome = new CompletableFuture<>();
    vault.session.redeem(vault.takeAnnounced().token(), new MemoryStream().endingWith(outcome));
    ByteStream host = get(connecting);
    host.close();
    outcome.complete(9);
    assertEquals(9, get(host.outcome().orElseThrow()));
  }

  @Test
  void whatLodgeDoesForAGuestCountsAsTheGuestsAndEndsWithIt() throws Exception {
    assertRefused(Reason.DENIED, broker.connect("mail", Call.of("sign", "", "vault")));
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    ByteStream host = get(broker.connect("work", Call.of("sign", "", "vault")));
    assertEquals("work", vault.takeAnnounced().source());
    broker.guestGone("work");
    assertReset(host);
    assertReset(vault.takeAccepted());
  }

  @Test
  void metadataIsHeldAgainstWhatTheServiceDescribes() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault");
    vault.session.offer(List.of(MetadataCheckTest.TERMINAL));
    rules.allow("terminal", "work", "vault");
    TestGuest work = new TestGuest(broker, "work");
    work.session.call(new Call("terminal", "", "vault", Map.of("columns", "80")));
    assertEquals(80, vault.takeAnnounced().metadata().integer("columns").orElseThrow());
    assertRefused(
        Reason.BAD_REQUEST,
        work.session.call(new Call("terminal", "", "vault", Map.of("columns", "wide"))));
  }

  @Test
  void servicesAreListedByProvider() throws Exception {
    TestGuest vault = new TestGuest(broker, "vault", "sign", "open");
    assertEquals(
        List.of("vault open", "vault sign"),
        broker.services().stream()
            .map(offered -> offered.provider() + " " + offered.description().name())
            .toList());
    ServiceDescription twice = ServiceDescription.bytes("sign", "");
    assertThrows(IllegalArgumentException.class, () -> vault.session.offer(List.of(twice, twice)));
    vault.session.close();
    assertEquals(List.of(), broker.services());
  }

  @Test
  void eventsOfAConnectionComeInOrderEvenIfAListenerEndsItOrFails() throws Exception {
    List<ConnectionEvent.Kind> heard = new CopyOnWriteArrayList<>();
    broker.addListener(event -> {
      if (event.kind() == ConnectionEvent.Kind.OPENED) {
        broker.connections().getFirst().reset("as a listener wished");
      }
      throw new IllegalStateException("a broken listener");
    });
    broker.addListener(event -> heard.add(event.kind()));
    TestGuest vault = new TestGuest(broker, "vault", "sign");
    TestGuest work = new TestGuest(broker, "work");
    Grant grant = work.grant("sign", "vault");
    work.dial(grant.token());
    get(grant.connection().ended());
    assertReset(vault.takeAccepted());
    assertRefused(Reason.DENIED, vault.session.call(Call.of("sign", "", "work")));
    assertEquals(
        List.of(
            ConnectionEvent.Kind.OPENED, ConnectionEvent.Kind.ENDED, ConnectionEvent.Kind.DENIED),
        new ArrayList<>(heard));
  }
}
