package org.lodge.policy.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.Explanation;
import org.lodge.policy.Request;

class DeciderTest {
  private static final Guests GUESTS =
      Guests.of("work:app:dev", "vault:service:secret", "mail:app", "display:display");

  @Test
  void theFirstRuleThatMatchesDecides() {
    Decider decider = decider("sign work vault deny", "sign @any vault allow");
    assertEquals(Action.DENY, decide(decider, "sign work vault").action());
    Decision mail = decide(decider, "sign mail vault");
    assertEquals(Action.ALLOW, mail.action());
    assertEquals("vault", mail.target());
    assertTrue(mail.explanation().contains("test.policy:2: sign @any vault allow"));
  }

  @Test
  void whatNoRuleMatchesIsDenied() {
    assertEquals(Action.DENY, decide(decider(), "sign work vault").action());
    assertEquals(Action.DENY, decide(decider("sign mail vault allow"), "sign work vault").action());
  }

  @Test
  void argumentsAreExactOrAny() {
    Decider decider = decider("tcp+22 work vault allow", "run+ work vault allow");
    assertEquals(Action.ALLOW, decide(decider, "tcp+22 work vault").action());
    assertEquals(Action.DENY, decide(decider, "tcp+23 work vault").action());
    assertEquals(Action.DENY, decide(decider, "tcp work vault").action());
    assertEquals(Action.ALLOW, decide(decider, "run work vault").action());
    assertEquals(Action.DENY, decide(decider, "run+x work vault").action());
    assertEquals(
        Action.ALLOW, decide(decider("tcp work vault allow"), "tcp+9 work vault").action());
  }

  @Test
  void tagsAndKindsMatch() {
    Decider decider = decider("sign @tag:dev @kind:service allow");
    assertEquals(Action.ALLOW, decide(decider, "sign work vault").action());
    assertEquals(Action.DENY, decide(decider, "sign mail vault").action());
    assertEquals(Action.DENY, decide(decider, "sign work mail").action());
  }

  @Test
  void anyGuestIsNeverTheHost() {
    Decider any = decider("sign @any @any allow");
    assertEquals(Action.DENY, decide(any, "sign work @host").action());
    assertEquals(Action.DENY, decide(any, "sign @host work").action());
    assertEquals(
        Action.ALLOW, decide(decider("sign work @host allow"), "sign work @host").action());
    assertEquals(
        Action.DENY,
        decide(decider("* work * deny", "sign work @host allow"), "sign work @host").action());
  }

  @Test
  void aDenyForAnyHoldsForCallersWithoutTargetToo() {
    Decider decider =
        decider("wayland mail @any deny", "wayland @any @default allow target=display");
    assertEquals(Action.DENY, decide(decider, "wayland mail @default").action());
    assertEquals("display", decide(decider, "wayland work @default").target());
  }

  @Test
  void anAllowWithoutTargetDeniesCallersWithoutTarget() {
    Decision decision = decide(decider("sign @any @any allow"), "sign work @default");
    assertEquals(Action.DENY, decision.action());
    assertTrue(decision.explanation().contains("no target="), decision::explanation);
  }

  @Test
  void theRulesTargetWinsOverTheCallers() {
    Decision decision =
        decide(decider("sign work mail allow target=vault x-user=me"), "sign work mail");
    assertEquals("vault", decision.target());
    assertEquals(Map.of("target", "vault", "x-user", "me"), decision.options());
  }

  @Test
  void nobodyConnectsToThemselvesOrToNobody() {
    Decider decider = decider("sign @any @any allow", "open @any @any allow target=gone");
    assertEquals(Action.DENY, decide(decider, "sign work work").action());
    assertEquals(Action.DENY, decide(decider, "sign work gone").action());
    assertEquals(Action.DENY, decide(decider, "sign gone work").action());
    assertEquals(Action.DENY, decide(decider, "open work vault").action());
  }

  @Test
  void whatCannotBeTrustedDeniesAll() {
    Decider decider =
        new Decider(Guests.rules("sign work vault allow"), Optional.of("a.policy: is foreign"));
    Decision decision = decide(decider, "sign work vault");
    assertEquals(Action.DENY, decision.action());
    assertTrue(decision.explanation().contains("a.policy: is foreign"));
    assertEquals(Action.DENY, answer(decider, "sign work vault", "vault").action());
  }

  @Test
  void aPersonPicksAmongThoseTheRulesDoNotDeny() {
    Decider decider =
        decider("sign work mail deny", "sign work @any ask defaultTarget=vault x-user=me");
    Decision asked = decide(decider, "sign work @default");
    assertEquals(Action.ASK, asked.action());
    assertEquals(List.of("display", "vault"), asked.candidates());
    assertEquals("vault", asked.target());
    Decision yes = answer(decider, "sign work @default", "display");
    assertEquals(Action.ALLOW, yes.action());
    assertEquals("display", yes.target());
    assertEquals("me", yes.options().get("x-user"));
    assertEquals(Action.DENY, answer(decider, "sign work @default", "mail").action());
    assertEquals(Action.DENY, answer(decider, "sign work @default", "work").action());
    assertEquals(Action.DENY, answer(decider, "sign work @default", "@host").action());
  }

  @Test
  void anAskWithTargetOffersThatOneOnly() {
    Decider decider = decider("sign work @any ask target=vault");
    Decision asked = decide(decider, "sign work mail");
    assertEquals(List.of("vault"), asked.candidates());
    assertEquals("vault", asked.target());
    assertEquals("vault", answer(decider, "sign work mail", "vault").target());
    assertEquals(Action.DENY, answer(decider, "sign work mail", "mail").action());
  }

  @Test
  void anAskAboutTheHostStaysWithTheHost() {
    Decision asked = decide(decider("sign work * ask"), "sign work @host");
    assertEquals(List.of("@host"), asked.candidates());
  }

  @Test
  void anAnswerCountsByTheRulesOfNow() {
    Decider stricter = decider("sign work @any deny");
    assertEquals(Action.DENY, answer(stricter, "sign work vault", "vault").action());
    Decider looser = decider("sign work vault allow");
    assertEquals(Action.ALLOW, answer(looser, "sign work vault", "vault").action());
    assertEquals(Action.DENY, answer(looser, "sign work vault", "mail").action());
  }

  @Test
  void anExplanationWalksTheRulesForTheServiceUpToTheFirstThatMatches() {
    Decider decider =
        decider(
            "other work vault allow",
            "sign+x work vault allow",
            "sign mail vault allow",
            "sign work vault deny",
            "sign work vault allow");
    Explanation explanation = decider.explain(request("sign work vault"), GUESTS);
    assertEquals(
        List.of("the service is sign, not sign+x", "the source work is not mail", "matches"),
        explanation.steps().stream().map(Explanation.Step::reason).toList());
    assertEquals(Action.DENY, explanation.decision().action());
    assertTrue(explanation.steps().getLast().matches());
    assertFalse(explanation.steps().getFirst().matches());
  }

  @Test
  void aMisspeltRequestIsRefusedWithItsField() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class, () -> new Request("a\nb", "", "work", "vault"));
    assertTrue(e.getMessage().startsWith("service \"a?b\" is not plain"), e::getMessage);
  }

  private static Decider decider(String... lines) {
    return new Decider(Guests.rules(lines), Optional.empty());
  }

  private static Decision decide(Decider decider, String request) {
    return decider.decide(request(request), GUESTS);
  }

  private static Decision answer(Decider decider, String request, String target) {
    return decider.answer(request(request), target, GUESTS);
  }

  private static Request request(String text) {
    String[] words = text.split(" ");
    String[] service = words[0].split("\\+", 2);
    return new Request(service[0], service.length < 2 ? "" : service[1], words[1], words[2]);
  }
}
