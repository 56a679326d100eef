package org.lodge.connect.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.connect.internal.TestGuest.assertRefused;
import static org.lodge.connect.internal.TestGuest.get;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.connect.Ask;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Grant;
import org.lodge.policy.Action;

class AsksTest {
  private static final Call CALL = Call.of("sign", "", "@default");

  private final Rules rules =
      new Rules("work", "vault", "mail").ask("sign", "work", "@default", "target=vault");
  private final BrokerService broker = rules.broker(BrokerTest.LIMITS);
  private TestGuest work;
  private TestGuest vault;

  @BeforeEach
  void attach() throws Exception {
    work = new TestGuest(broker, "work");
    vault = new TestGuest(broker, "vault", "sign");
  }

  @AfterEach
  void nothingIsLeft() {
    broker.close();
    assertEquals(List.of(), broker.asks());
    assertEquals(List.of(), broker.connections());
  }

  @Test
  void aPersonSeesWhatIsAskedAndPicksTheTarget() throws Exception {
    TestGuest mail = new TestGuest(broker, "mail", "sign");
    CompletionStage<Grant> call = work.session.call(CALL);
    Ask ask = broker.asks().getFirst();
    assertEquals("work", ask.request().source());
    assertEquals(List.of("vault", "mail"), ask.candidates());
    assertEquals("vault", ask.preferred());
    assertEquals("t:1", ask.rulePlace());
    assertEquals(Action.ALLOW, ask.allow("mail").action());
    work.dial(get(call).token());
    mail.takeAccepted();
    assertEquals(List.of(), broker.asks());
  }

  @Test
  void aSlipInTheTargetDecidesNothing() {
    CompletionStage<Grant> call = work.session.call(CALL);
    Ask ask = broker.asks().getFirst();
    assertThrows(IllegalArgumentException.class, () -> ask.allow("work"));
    ask.deny();
    assertRefused(Reason.DENIED, call);
  }

  @Test
  void aNoIsADenyAndALaterYesComesTooLate() {
    CompletionStage<Grant> call = work.session.call(CALL);
    Ask ask = broker.asks().getFirst();
    ask.deny();
    assertRefused(Reason.DENIED, call);
    assertEquals(Action.DENY, ask.allow("vault").action());
    assertEquals(0, vault.announced.size());
  }

  @Test
  void noAnswerInTimeIsANoButNotThePolicys() {
    rules.clear();
    rules.ask("sign", "work", "@default", "timeoutSeconds=1");
    assertRefused(Reason.TIMEOUT, work.session.call(CALL));
    assertEquals(List.of(), broker.asks());
  }

  @Test
  void rulesThatChangedMeanwhileCount() {
    CompletionStage<Grant> call = work.session.call(CALL);
    rules.clear();
    assertEquals(Action.DENY, broker.asks().getFirst().allow("vault").action());
    assertRefused(Reason.DENIED, call);
  }

  @Test
  void whoHasGoneIsAskedAboutNoMore() {
    CompletionStage<Grant> call = work.session.call(CALL);
    Ask ask = broker.asks().getFirst();
    work.session.close();
    assertRefused(Reason.UNREACHABLE, call);
    assertEquals(List.of(), broker.asks());
    assertEquals(Action.DENY, ask.allow("vault").action());
  }

  @Test
  void aGuestCannotFloodThePerson() {
    work.session.call(CALL);
    work.session.call(CALL);
    assertRefused(Reason.LIMIT, work.session.call(CALL));
    assertEquals(2, broker.asks().size());
    broker.asks().getFirst().deny();
    work.session.call(CALL);
    assertEquals(2, broker.asks().size());
  }

  @Test
  void ofManyAnswersAtOnceOneCounts() throws Exception {
    for (int round = 0; round < 100; round++) {
      CompletionStage<Grant> call = work.session.call(CALL);
      Ask ask = broker.asks().getFirst();
      CountDownLatch start = new CountDownLatch(1);
      AtomicInteger allowed = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  awaitQuietly(start);
                  allowed.addAndGet(ask.allow("vault").action() == Action.ALLOW ? 1 : 0);
                }));
      }
      start.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals(1, allowed.get());
      get(call).connection().reset("next round");
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void theRulesOwnTimeLimitIsShown() {
    rules.clear();
    rules.ask("sign", "work", "@default", "timeoutSeconds=3000");
    work.session.call(CALL);
    Duration left = Duration.between(Instant.now(), broker.asks().getFirst().deadline());
    assertTrue(left.toSeconds() > 2900 && left.toSeconds() <= 3000);
  }
}
