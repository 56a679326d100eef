package org.lodge.vm.internal;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** Questions to the graph of who requires whom. */
final class Graph {
  private Graph() {}

  /** The shortest way found from a node back to itself, both ends named; empty if there is none. */
  static List<String> cycle(String start, Function<String, Collection<String>> next) {
    List<List<String>> paths = new ArrayList<>();
    paths.add(List.of(start));
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < paths.size(); i++) {
      List<String> path = paths.get(i);
      for (String node : next.apply(path.getLast())) {
        List<String> longer = new ArrayList<>(path);
        longer.add(node);
        if (node.equals(start)) {
          return longer;
        }
        if (seen.add(node)) {
          paths.add(longer);
        }
      }
    }
    return List.of();
  }
}
