package org.lodge.vm.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.lodge.configuration.SchemaValidator;
import org.lodge.vm.Definitions.Problem;

/**
 * All definition files as one reading found them: those that are good, and what is wrong with the
 * others. One that requires an unknown guest, or itself in a circle, is not good.
 */
record DefinitionSet(
    SortedMap<String, Definition> good, Map<String, Path> files, List<Problem> problems) {

  /**
   * @param unreadable why, or null
   */
  record Source(Path file, String json, String unreadable) {}

  static DefinitionSet of(SortedMap<String, Source> sources, SchemaValidator schema) {
    SortedMap<String, Definition> good = new TreeMap<>();
    Map<String, Path> files = new HashMap<>();
    List<Problem> problems = new ArrayList<>();
    sources.forEach((name, source) -> {
      files.put(name, source.file());
      if (source.unreadable() != null) {
        problems.add(new Problem(source.file(), "", "", "can't be read: " + source.unreadable()));
        return;
      }
      DefinitionReader.Result result =
          DefinitionReader.read(source.file(), name, source.json(), schema);
      problems.addAll(result.problems());
      if (result.definition() != null) {
        good.put(name, result.definition());
      }
    });
    Map<String, Problem> graph = new LinkedHashMap<>();
    good.forEach((name, definition) -> {
      List<String> requires = definition.requires();
      for (int i = 0; i < requires.size(); i++) {
        if (!sources.containsKey(requires.get(i))) {
          graph.putIfAbsent(
              name,
              new Problem(
                  files.get(name),
                  placeOf(definition, i),
                  "\"" + requires.get(i) + "\"",
                  "no guest is defined by this name; there are "
                      + String.join(", ", sources.keySet())));
        }
      }
      List<String> cycle =
          Graph.cycle(name, g -> good.containsKey(g) ? good.get(g).requires() : List.of());
      if (!cycle.isEmpty()) {
        graph.putIfAbsent(
            name,
            new Problem(
                files.get(name),
                "requires",
                requires.toString(),
                "guests require each other in a circle: " + String.join(" -> ", cycle)));
      }
    });
    graph.keySet().forEach(good::remove);
    problems.addAll(graph.values());
    problems.sort(java.util.Comparator.comparing(Problem::file));
    return new DefinitionSet(good, files, List.copyOf(problems));
  }

  /** Where a definition says that it requires a guest. */
  private static String placeOf(Definition definition, int index) {
    String required = definition.requires().get(index);
    for (int i = 0; i < definition.devices().size(); i++) {
      DeviceDeclaration device = definition.devices().get(i);
      if (device.keeper().filter(required::equals).isPresent()) {
        return "devices[" + i + "]." + device.keeperKey();
      }
    }
    return "requires[" + index + "]";
  }

  List<Problem> problems(String name) {
    Path file = files.get(name);
    return problems.stream().filter(problem -> problem.file().equals(file)).toList();
  }
}
