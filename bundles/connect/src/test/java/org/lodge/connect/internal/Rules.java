package org.lodge.connect.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.lodge.policy.AccessGraph;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.Explanation;
import org.lodge.policy.Finding;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.Policy;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Request;
import org.lodge.policy.Rule;
import org.lodge.policy.TemporaryRule;

/** A policy for tests: exact columns only, and every guest is a candidate of an ask. */
final class Rules implements Policy, GuestDirectory {
  private final List<Rule> rules = new CopyOnWriteArrayList<>();
  private final List<Party> guests;

  Rules(String... guests) {
    this.guests = List.of(guests).stream().map(name -> new Party(name, "", Set.of())).toList();
  }

  /** A broker under these rules. */
  BrokerService broker(Limits limits) {
    BrokerService broker = new BrokerService(limits);
    broker.setPolicy(this);
    broker.setGuests(this);
    return broker;
  }

  Rules allow(String service, String source, String target, String... options) {
    return add(Action.ALLOW, service, source, target, options);
  }

  Rules ask(String service, String source, String target, String... options) {
    return add(Action.ASK, service, source, target, options);
  }

  private Rules add(
      Action action, String service, String source, String target, String... options) {
    Map<String, String> map =
        List.of(options).stream()
            .map(option -> option.split("="))
            .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
    rules.add(new Rule("t", rules.size() + 1, "", service, source, target, action, map));
    return this;
  }

  void clear() {
    rules.clear();
  }

  @Override
  public Decision decide(Request request, GuestDirectory directory) {
    for (Rule rule : rules) {
      if (rule.service().equals(request.service())
          && rule.source().equals(request.source())
          && rule.target().equals(request.target())) {
        List<String> candidates = new ArrayList<>();
        if (rule.action() == Action.ASK) {
          guests.forEach(guest -> candidates.add(guest.name()));
          candidates.remove(request.source());
        }
        return new Decision(
            rule.action(),
            Optional.of(rule),
            rule.options().getOrDefault(Rule.TARGET, request.target()),
            candidates,
            rule.options(),
            "by " + rule.place());
      }
    }
    return new Decision(
        Action.DENY, Optional.empty(), request.target(), List.of(), Map.of(), "no rule");
  }

  @Override
  public Decision answer(Request request, String target, GuestDirectory directory) {
    Decision now = decide(request, directory);
    return now.action() != Action.ASK
        ? now
        : new Decision(Action.ALLOW, now.rule(), target, List.of(), now.options(), "yes");
  }

  @Override
  public Optional<Party> find(String name) {
    return guests.stream().filter(guest -> guest.name().equals(name)).findFirst();
  }

  @Override
  public Collection<Party> all() {
    return guests;
  }

  @Override
  public Explanation explain(Request request, GuestDirectory directory) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Finding> lint(GuestDirectory directory, Set<String> services) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Finding> check(Path folder) {
    return List.of();
  }

  @Override
  public AccessGraph graph(GuestDirectory directory) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Rule> rules() {
    return rules;
  }

  @Override
  public Optional<String> distrust() {
    return Optional.empty();
  }

  @Override
  public TemporaryRule addTemporary(String line) throws PolicySyntaxException {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<TemporaryRule> temporary() {
    return List.of();
  }

  @Override
  public void reload() {}
}
