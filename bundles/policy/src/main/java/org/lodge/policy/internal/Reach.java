package org.lodge.policy.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lodge.policy.AccessGraph;
import org.lodge.policy.Action;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.Rule;

/** Tries every service between every two parties and keeps what is not denied. */
record Reach(List<String> parties, List<Edge> edges) implements AccessGraph {
  /** Two parties, in this direction. */
  record Pair(String source, String target) {}

  static Reach of(RuleIndex index, GuestDirectory guests) {
    List<String> parties =
        Stream.concat(Stream.of(Party.HOST), guests.all().stream().map(Party::name).sorted())
            .toList();
    Set<String> services = new LinkedHashSet<>();
    index.rules().forEach(rule -> services.add(rule.service()));
    Map<List<String>, Edge> edges = new LinkedHashMap<>();
    for (String service : services.stream().sorted().toList()) {
      for (String source : parties) {
        tryTargets(index, guests, service, source, parties)
            .forEach(edge ->
                edges.merge(
                    List.of(edge.source(), edge.target(), edge.service()),
                    edge,
                    (a, b) -> a.action() == Action.ALLOW ? a : b));
      }
    }
    // What "name" allows, "name+argument" need not repeat.
    List<Edge> kept =
        edges.values().stream()
            .filter(edge ->
                RuleIndex.coveringServices(edge.service()).stream()
                    .skip(1)
                    .map(wider -> edges.get(List.of(edge.source(), edge.target(), wider)))
                    .noneMatch(wider -> wider != null && wider.rule() == edge.rule()))
            .sorted(
                Comparator.comparing(Edge::source)
                    .thenComparing(Edge::target)
                    .thenComparing(Edge::service))
            .toList();
    return new Reach(parties, kept);
  }

  private static List<Edge> tryTargets(
      RuleIndex index, GuestDirectory guests, String service, String source, List<String> parties) {
    List<String> services = RuleIndex.coveringServices(service);
    List<String> sources = Terms.matching(source, guests).orElse(List.of());
    List<Edge> edges = new ArrayList<>();
    for (String target : Stream.concat(parties.stream(), Stream.of(Party.DEFAULT)).toList()) {
      int number = index.first(services, sources, Terms.matching(target, guests).orElse(List.of()));
      if (number < 0) {
        continue;
      }
      Rule rule = index.rules().get(number);
      String end = rule.options().getOrDefault(Rule.TARGET, target);
      if (rule.action() != Action.DENY && parties.contains(end) && !end.equals(source)) {
        edges.add(new Edge(source, end, service, rule.action(), rule));
      }
    }
    return edges;
  }

  Map<Pair, List<Edge>> byPair() {
    return edges.stream()
        .collect(
            Collectors.groupingBy(
                edge -> new Pair(edge.source(), edge.target()),
                LinkedHashMap::new,
                Collectors.toList()));
  }

  @Override
  public String text() {
    StringBuilder text = new StringBuilder();
    byPair()
        .forEach((pair, all) ->
            text.append(pair.source())
                .append(" -> ")
                .append(pair.target())
                .append(": ")
                .append(all.stream().map(Reach::describe).collect(Collectors.joining(", ")))
                .append('\n'));
    return text.isEmpty() ? "Nobody can reach anybody.\n" : text.toString();
  }

  static String describe(Edge edge) {
    return "%s (%s, %s)"
        .formatted(
            edge.service(), edge.action().name().toLowerCase(Locale.ROOT), edge.rule().place());
  }

  @Override
  public String svg() {
    return new ReachDrawing(this).svg();
  }
}
