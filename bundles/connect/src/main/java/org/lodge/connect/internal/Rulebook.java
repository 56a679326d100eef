package org.lodge.connect.internal;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.Policy;
import org.lodge.policy.Request;

/**
 * The policy and the guests it knows, as they are there now. While either is being replaced
 * everything new is denied, and what is connected stays.
 */
final class Rulebook {
  private static final GuestDirectory NOBODY =
      new GuestDirectory() {
        @Override
        public Optional<Party> find(String name) {
          return Optional.empty();
        }

        @Override
        public Collection<Party> all() {
          return List.of();
        }
      };

  private final AtomicReference<Policy> policy = new AtomicReference<>();
  private final AtomicReference<GuestDirectory> guests = new AtomicReference<>(NOBODY);

  Decision decide(Request request) {
    return ask(request, (rules, known) -> rules.decide(request, known));
  }

  Decision answer(Request request, String target) {
    return ask(request, (rules, known) -> rules.answer(request, target, known));
  }

  private Decision ask(Request request, BiFunction<Policy, GuestDirectory, Decision> question) {
    Policy rules = policy.get();
    if (rules == null) {
      return new Decision(
          Action.DENY,
          Optional.empty(),
          request.target(),
          List.of(),
          Map.of(),
          "denied: no policy is there; see whether the bundle org.lodge.policy is active");
    }
    return question.apply(rules, guests.get());
  }

  void come(Policy rules) {
    policy.set(rules);
  }

  void go(Policy rules) {
    policy.compareAndSet(rules, null);
  }

  void come(GuestDirectory known) {
    guests.set(known);
  }

  void go(GuestDirectory known) {
    guests.compareAndSet(known, NOBODY);
  }
}
