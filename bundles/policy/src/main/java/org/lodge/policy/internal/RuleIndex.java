package org.lodge.policy.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lodge.policy.Rule;

/**
 * Finds the first rule that matches without walking the rules.
 *
 * <p>A request matches few spellings of each column: its name, its tags, the wildcards. For every
 * combination of spellings only the first rule counts, so a decision is a few dozen look-ups and
 * the smallest rule number among them. Immutable.
 */
final class RuleIndex {
  private final List<Rule> rules;
  private final Map<String, Map<String, Map<String, Integer>>> firstByColumns = new HashMap<>();

  RuleIndex(List<Rule> rules) {
    this.rules = List.copyOf(rules);
    for (int number = 0; number < this.rules.size(); number++) {
      Rule rule = this.rules.get(number);
      firstByColumns
          .computeIfAbsent(rule.service(), service -> new HashMap<>())
          .computeIfAbsent(rule.source(), source -> new HashMap<>())
          .putIfAbsent(rule.target(), number);
    }
  }

  List<Rule> rules() {
    return rules;
  }

  /** Every spelling of the first column that matches a request. */
  static List<String> services(String service, String argument) {
    return List.of(service + "+" + argument, service, Terms.ALL);
  }

  /** Every spelling that matches at least what this one does. */
  static List<String> coveringServices(String service) {
    List<String> covering = new ArrayList<>(List.of(service));
    int plus = service.indexOf('+');
    if (plus >= 0) {
      covering.add(service.substring(0, plus));
    }
    if (!service.equals(Terms.ALL)) {
      covering.add(Terms.ALL);
    }
    return covering;
  }

  /** The number of the first rule whose columns are among these; -1 if none. */
  int first(List<String> services, List<String> sources, List<String> targets) {
    int first = Integer.MAX_VALUE;
    for (String service : services) {
      Map<String, Map<String, Integer>> bySource = firstByColumns.get(service);
      if (bySource == null) {
        continue;
      }
      for (String source : sources) {
        Map<String, Integer> byTarget = bySource.get(source);
        if (byTarget == null) {
          continue;
        }
        for (String target : targets) {
          Integer number = byTarget.get(target);
          if (number != null && number < first) {
            first = number;
          }
        }
      }
    }
    return first == Integer.MAX_VALUE ? -1 : first;
  }
}
