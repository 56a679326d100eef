package org.lodge.policy.internal;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.lodge.policy.Action;
import org.lodge.policy.Finding;
import org.lodge.policy.Finding.Kind;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.Rule;

/** Looks for rules that do nothing, speak of nobody, or give too much. */
final class Lint {
  private final RuleIndex index;
  private final GuestDirectory guests;
  private final Set<String> services;
  private final Set<String> tags = new HashSet<>();
  private final Set<String> kinds = new HashSet<>();
  private final List<Finding> findings = new ArrayList<>();

  private Lint(RuleIndex index, GuestDirectory guests, Set<String> services) {
    this.index = index;
    this.guests = guests;
    this.services = services;
    for (Party guest : guests.all()) {
      tags.addAll(guest.tags());
      kinds.add(guest.kind());
    }
  }

  static List<Finding> findings(RuleIndex index, GuestDirectory guests, Set<String> services) {
    Lint lint = new Lint(index, guests, services);
    for (int number = 0; number < index.rules().size(); number++) {
      lint.checkReached(number);
      lint.checkNames(index.rules().get(number));
      lint.checkTarget(index.rules().get(number));
      lint.checkWidth(index.rules().get(number));
    }
    return lint.findings;
  }

  private void checkReached(int number) {
    Rule rule = index.rules().get(number);
    int earlier =
        index.first(
            RuleIndex.coveringServices(rule.service()),
            covering(rule.source()),
            covering(rule.target()));
    if (earlier == number) {
      return;
    }
    Rule winner = index.rules().get(earlier);
    boolean same = winner.action() == rule.action() && winner.options().equals(rule.options());
    add(
        same ? Kind.DUPLICATE : Kind.SHADOWED,
        rule,
        same
            ? "says what %s says already; remove it".formatted(winner.place())
            : "is never reached, as %s matches first (%s); move it above or remove it"
                .formatted(winner.place(), winner.text()));
  }

  private List<String> covering(String term) {
    Set<String> covering = new LinkedHashSet<>(Terms.covering(term));
    if (Names.isGuest(term)) {
      covering.addAll(Terms.matching(term, guests).orElse(List.of()));
    }
    return List.copyOf(covering);
  }

  private void checkNames(Rule rule) {
    checkTerm(rule, rule.source());
    checkTerm(rule, rule.target());
    Optional.ofNullable(rule.options().get(Rule.TARGET)).ifPresent(name -> checkTerm(rule, name));
    Optional.ofNullable(rule.options().get(Rule.DEFAULT_TARGET))
        .ifPresent(name -> checkTerm(rule, name));
    String service = rule.service().split("\\+", 2)[0];
    if (!services.isEmpty() && !service.equals(Terms.ALL) && !services.contains(service)) {
      add(Kind.UNKNOWN_SERVICE, rule, "nobody offers a service " + service);
    }
  }

  private void checkTerm(Rule rule, String term) {
    if (term.startsWith(Terms.TAG) && !tags.contains(term.substring(Terms.TAG.length()))) {
      add(Kind.UNKNOWN_TAG, rule, "no guest has the tag of " + term);
    } else if (term.startsWith(Terms.KIND)
        && !kinds.contains(term.substring(Terms.KIND.length()))) {
      add(Kind.UNKNOWN_KIND, rule, "no guest is of " + term);
    } else if (Names.isGuest(term) && guests.find(term).isEmpty()) {
      add(Kind.UNKNOWN_GUEST, rule, "no guest is called " + term);
    }
  }

  private void checkTarget(Rule rule) {
    if (rule.action() != Action.ALLOW) {
      return;
    }
    String target = rule.options().getOrDefault(Rule.TARGET, rule.target());
    if (target.equals(Party.DEFAULT)) {
      add(Kind.NO_TARGET, rule, "denies, as a caller without target needs a target= here");
    } else if (target.equals(rule.source()) && Names.isGuest(target)) {
      add(Kind.NO_TARGET, rule, "denies, as " + target + " does not connect to itself");
    }
  }

  private void checkWidth(Rule rule) {
    boolean wideSource = isWide(rule.source());
    boolean wideTarget = isWide(rule.target()) && !rule.options().containsKey(Rule.TARGET);
    if (rule.action() != Action.ALLOW || !wideSource) {
      return;
    }
    if (wideTarget) {
      add(
          Kind.ALLOWS_ALL,
          rule,
          "lets every guest reach every guest; name the guests, use tags, or ask");
    } else if (rule.service().equals(Terms.ALL)) {
      add(Kind.ALLOWS_ALL, rule, "gives every guest every service there; name the services");
    }
  }

  private static boolean isWide(String term) {
    return term.equals(Terms.ANY) || term.equals(Terms.ALL);
  }

  private void add(Kind kind, Rule rule, String message) {
    findings.add(new Finding(kind, rule.file(), rule.line(), message));
  }
}
