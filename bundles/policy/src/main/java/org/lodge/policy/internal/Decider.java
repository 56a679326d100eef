package org.lodge.policy.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.Explanation;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.Request;
import org.lodge.policy.Rule;

/** Answers requests from one state of the rules. Immutable and free of side effects. */
final class Decider {
  private final RuleIndex index;
  private final Optional<String> distrust;

  /**
   * @param distrust why nothing may be allowed, if so
   */
  Decider(RuleIndex index, Optional<String> distrust) {
    this.index = index;
    this.distrust = distrust;
  }

  Decision decide(Request request, GuestDirectory guests) {
    if (distrust.isPresent()) {
      return deny(request, null, "denied: " + distrust.get());
    }
    Optional<List<String>> sources = Terms.matching(request.source(), guests);
    if (sources.isEmpty()) {
      return deny(request, null, "denied: no guest is called " + request.source());
    }
    Optional<List<String>> targets = Terms.matching(request.target(), guests);
    if (targets.isEmpty()) {
      return deny(request, null, "denied: no guest is called " + request.target());
    }
    Rule rule = first(request, sources.get(), targets.get());
    if (rule == null) {
      return deny(request, null, "denied: no rule matches " + request);
    }
    return switch (rule.action()) {
      case DENY -> deny(request, rule, "denied by " + quote(rule));
      case ALLOW -> allow(request, rule, rule.options().get(Rule.TARGET), "", guests);
      case ASK -> ask(request, rule, sources.get(), guests);
    };
  }

  Decision answer(Request request, String target, GuestDirectory guests) {
    Decision now = decide(request, guests);
    if (now.action() == Action.DENY) {
      return now;
    }
    Rule rule = now.rule().orElseThrow();
    if (now.action() == Action.ALLOW) {
      return now.target().equals(target)
          ? now
          : deny(request, rule, "denied: " + target + " is not the target of " + quote(rule));
    }
    if (!now.candidates().contains(target)) {
      return deny(
          request, rule, "denied: %s can't be picked for %s".formatted(target, quote(rule)));
    }
    Rule picked = rule.options().containsKey(Rule.TARGET) ? rule : ruleFor(request, target, guests);
    return allow(request, picked, target, "a person said yes, ", guests);
  }

  Explanation explain(Request request, GuestDirectory guests) {
    Decision decision = decide(request, guests);
    List<String> services = RuleIndex.services(request.service(), request.argument());
    Optional<List<String>> sources = Terms.matching(request.source(), guests);
    Optional<List<String>> targets = Terms.matching(request.target(), guests);
    List<Explanation.Step> steps = new ArrayList<>();
    for (Rule rule : index.rules()) {
      if (!isFor(rule, request.service())) {
        continue;
      }
      String reason;
      boolean matches = false;
      if (!services.contains(rule.service())) {
        reason = "the service is " + request.serviceText() + ", not " + rule.service();
      } else if (sources.isEmpty() || !sources.get().contains(rule.source())) {
        reason = not("source", request.source(), rule.source(), sources.isEmpty());
      } else if (targets.isEmpty() || !targets.get().contains(rule.target())) {
        reason = not("target", request.target(), rule.target(), targets.isEmpty());
      } else {
        reason = "matches";
        matches = true;
      }
      steps.add(new Explanation.Step(rule, matches, reason));
      if (matches) {
        break;
      }
    }
    return new Explanation(decision, steps);
  }

  private static String not(String side, String name, String term, boolean unknown) {
    return unknown ? "no guest is called " + name : "the " + side + " " + name + " is not " + term;
  }

  private Rule first(Request request, List<String> sources, List<String> targets) {
    int number =
        index.first(RuleIndex.services(request.service(), request.argument()), sources, targets);
    return number < 0 ? null : index.rules().get(number);
  }

  private Rule ruleFor(Request request, String target, GuestDirectory guests) {
    return first(
        request,
        Terms.matching(request.source(), guests).orElse(List.of()),
        Terms.matching(target, guests).orElse(List.of()));
  }

  private static Decision allow(
      Request request, Rule rule, String redirect, String before, GuestDirectory guests) {
    String target = redirect == null ? request.target() : redirect;
    Optional<String> objection = objection(request, target, guests);
    if (objection.isPresent()) {
      return deny(request, rule, "denied: " + objection.get() + "; " + quote(rule));
    }
    String to = target.equals(request.target()) ? "" : ", to " + target;
    return new Decision(
        Action.ALLOW,
        Optional.of(rule),
        target,
        List.of(),
        rule.options(),
        before + "allowed by " + quote(rule) + to);
  }

  private Decision ask(Request request, Rule rule, List<String> sources, GuestDirectory guests) {
    List<String> candidates = candidates(request, rule, sources, guests);
    if (candidates.isEmpty()) {
      return deny(request, rule, "denied: there is no target to ask about; " + quote(rule));
    }
    String preferred = rule.options().getOrDefault(Rule.DEFAULT_TARGET, request.target());
    String first =
        candidates.contains(preferred)
            ? preferred
            : candidates.size() == 1 ? candidates.getFirst() : Party.DEFAULT;
    return new Decision(
        Action.ASK,
        Optional.of(rule),
        first,
        candidates,
        rule.options(),
        "a person decides by " + quote(rule));
  }

  /** Whom a person may pick: the rule's own target, else everybody that the rules do not deny. */
  private List<String> candidates(
      Request request, Rule rule, List<String> sources, GuestDirectory guests) {
    String redirect = rule.options().get(Rule.TARGET);
    if (redirect != null || request.target().equals(Party.HOST)) {
      String only = redirect == null ? Party.HOST : redirect;
      return objection(request, only, guests).isEmpty() ? List.of(only) : List.of();
    }
    List<String> candidates = new ArrayList<>();
    for (Party guest : guests.all()) {
      List<String> targets = Terms.matching(guest.name(), guests).orElse(List.of());
      Rule other = first(request, sources, targets);
      if (other != null
          && other.action() != Action.DENY
          && !other.options().containsKey(Rule.TARGET)
          && !guest.name().equals(request.source())) {
        candidates.add(guest.name());
      }
    }
    candidates.sort(null);
    return candidates;
  }

  private static Optional<String> objection(Request request, String target, GuestDirectory guests) {
    if (target.equals(Party.DEFAULT)) {
      return Optional.of("the caller names no target and the rule has no target=");
    }
    if (target.equals(request.source())) {
      return Optional.of(target + " does not connect to itself through Lodge");
    }
    if (!target.equals(Party.HOST) && guests.find(target).isEmpty()) {
      return Optional.of("no guest is called " + target);
    }
    return Optional.empty();
  }

  private static Decision deny(Request request, Rule rule, String explanation) {
    return new Decision(
        Action.DENY, Optional.ofNullable(rule), request.target(), List.of(), Map.of(), explanation);
  }

  private static boolean isFor(Rule rule, String service) {
    return rule.service().equals(Terms.ALL)
        || rule.service().equals(service)
        || rule.service().startsWith(service + "+");
  }

  private static String quote(Rule rule) {
    return rule.place() + ": " + rule.text();
  }
}
