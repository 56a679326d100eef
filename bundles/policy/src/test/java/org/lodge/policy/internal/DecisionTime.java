package org.lodge.policy.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.lodge.policy.Request;

/**
 * Measures decisions with 10 000 rules and 200 guests. A program, not a test: it asserts nothing.
 */
final class DecisionTime {
  private static final int RULES = 10_000;
  private static final int GUESTS = 200;
  private static final int TAGS_EACH = 8;
  private static final int DECISIONS = 200_000;

  private DecisionTime() {}

  public static void main(String[] args) {
    Random random = new Random(7);
    Guests guests =
        Guests.of(
            IntStream.range(0, GUESTS)
                .mapToObj(i -> "g" + i + ":k" + i % 5 + ":" + tags(random))
                .toArray(String[]::new));
    for (int services : new int[] {1, 100}) {
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < RULES; i++) {
        lines.add(
            "s%d %s %s %s"
                .formatted(
                    random.nextInt(services),
                    term(random),
                    term(random),
                    i % 2 == 0 ? "deny" : "allow"));
      }
      RuleIndex index = Guests.rules(lines.toArray(String[]::new));
      measure(services, new Decider(index, Optional.empty()), guests, random);
    }
  }

  private static void measure(int services, Decider decider, Guests guests, Random random) {
    long[] nanos = new long[DECISIONS];
    int matched = 0;
    for (int round = 0; round < 3; round++) {
      matched = 0;
      for (int i = 0; i < DECISIONS; i++) {
        Request request =
            new Request(
                "s" + random.nextInt(services),
                "",
                "g" + random.nextInt(GUESTS),
                "g" + random.nextInt(GUESTS));
        long start = System.nanoTime();
        matched += decider.decide(request, guests).rule().isPresent() ? 1 : 0;
        nanos[i] = System.nanoTime() - start;
      }
    }
    Arrays.sort(nanos);
    System.out.printf(
        "%d rules, %d services: p50 %.2f us, p99 %.2f us, p99.9 %.2f us; %d %% matched%n",
        RULES,
        services,
        nanos[DECISIONS / 2] / 1e3,
        nanos[DECISIONS / 100 * 99] / 1e3,
        nanos[DECISIONS / 1000 * 999] / 1e3,
        100L * matched / DECISIONS);
  }

  private static String term(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> "@tag:t" + random.nextInt(300);
      case 1 -> "@kind:k" + random.nextInt(50);
      default -> "g" + random.nextInt(GUESTS);
    };
  }

  private static String tags(Random random) {
    return String.join(
        ",", random.ints(0, 300).distinct().limit(TAGS_EACH).mapToObj(i -> "t" + i).toList());
  }
}
