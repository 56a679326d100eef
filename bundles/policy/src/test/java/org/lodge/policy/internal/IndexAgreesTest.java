package org.lodge.policy.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lodge.policy.Party;
import org.lodge.policy.Request;
import org.lodge.policy.Rule;

/** The index against the plain reading of the rules: walk them, and take the first that matches. */
class IndexAgreesTest {
  private static final Guests GUESTS =
      Guests.of("a:app:x,y", "b:app:y", "c:server", "d::x", "e:server:x,y,z");
  private static final List<String> SERVICES = List.of("s", "s+1", "s+2", "s+", "t", "t+1", "*");
  private static final List<String> SOURCES =
      List.of(
          "a",
          "b",
          "c",
          "d",
          "e",
          "@host",
          "@any",
          "*",
          "@tag:x",
          "@tag:y",
          "@tag:z",
          "@kind:app",
          "@kind:server",
          "@tag:nobody");
  private static final List<String> TARGETS =
      Stream.concat(SOURCES.stream(), Stream.of("@default")).toList();

  @Test
  void theIndexFindsTheRuleThatAWalkFinds() {
    Random random = new Random(40404);
    int matched = 0;
    for (int round = 0; round < 100; round++) {
      String[] lines = new String[random.nextInt(40)];
      for (int i = 0; i < lines.length; i++) {
        lines[i] =
            String.join(
                " ", pick(random, SERVICES), pick(random, SOURCES), pick(random, TARGETS), "deny");
      }
      RuleIndex index = Guests.rules(lines);
      Decider decider = new Decider(index, Optional.empty());
      for (int i = 0; i < 300; i++) {
        Request request = request(random);
        Optional<Rule> walked =
            index.rules().stream().filter(rule -> matches(rule, request)).findFirst();
        assertEquals(walked, decider.decide(request, GUESTS).rule(), request::toString);
        matched += walked.isPresent() ? 1 : 0;
      }
    }
    assertTrue(matched > 5_000, "only " + matched + " requests matched");
  }

  private static Request request(Random random) {
    List<String> names = List.of("a", "b", "c", "d", "e", "@host");
    String target = random.nextInt(8) == 0 ? Party.DEFAULT : pick(random, names);
    return new Request(
        pick(random, List.of("s", "t", "u")),
        pick(random, List.of("", "1", "2", "3")),
        pick(random, names),
        target);
  }

  private static String pick(Random random, List<String> of) {
    return of.get(random.nextInt(of.size()));
  }

  private static boolean matches(Rule rule, Request request) {
    return matchesService(rule.service(), request)
        && matchesParty(rule.source(), request.source())
        && matchesParty(rule.target(), request.target());
  }

  private static boolean matchesService(String spelled, Request request) {
    if (spelled.equals("*")) {
      return true;
    }
    String[] parts = spelled.split("\\+", -1);
    return parts[0].equals(request.service())
        && (parts.length == 1 || parts[1].equals(request.argument()));
  }

  private static boolean matchesParty(String spelled, String name) {
    if (spelled.equals("*") || spelled.equals(name)) {
      return true;
    }
    if (spelled.equals("@any")) {
      return !name.equals("@host");
    }
    Party party = GUESTS.byName().get(name);
    return party != null
        && (spelled.equals("@kind:" + party.kind())
            || party.tags().stream().anyMatch(tag -> spelled.equals("@tag:" + tag)));
  }
}
