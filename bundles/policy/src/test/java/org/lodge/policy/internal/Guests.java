package org.lodge.policy.internal;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Rule;

/** Guests that tests name, such as {@code "work:app:trusted,fast"}: name, kind, tags. */
record Guests(Map<String, Party> byName) implements GuestDirectory {
  static Guests of(String... guests) {
    return new Guests(
        Arrays.stream(guests)
            .map(Guests::party)
            .collect(Collectors.toMap(Party::name, Function.identity())));
  }

  private static Party party(String text) {
    String[] parts = text.split(":", -1);
    Set<String> tags = parts.length < 3 ? Set.of() : Set.of(parts[2].split(","));
    return new Party(parts[0], parts.length < 2 ? "" : parts[1], tags);
  }

  @Override
  public Optional<Party> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  @Override
  public Collection<Party> all() {
    return byName.values();
  }

  /** The rules of these lines, each of which must be one. */
  static RuleIndex rules(String... lines) {
    List<Rule> rules = IntStream.range(0, lines.length).mapToObj(i -> rule(i, lines[i])).toList();
    return new RuleIndex(rules);
  }

  private static Rule rule(int i, String line) {
    try {
      return RuleParser.parse("test.policy", i + 1, line).orElseThrow();
    } catch (PolicySyntaxException e) {
      throw new AssertionError(line, e);
    }
  }
}
