package org.lodge.images.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The modules of one kernel and what each must find loaded before it: the files {@code
 * modules.dep}, {@code modules.softdep} and {@code modules.builtin} as depmod(8) writes them.
 */
final class KernelModules {

  private final Map<String, String> pathByName = new HashMap<>();
  private final Map<String, List<String>> needs = new HashMap<>();
  private final Map<String, List<String>> softNeeds = new HashMap<>();
  private final Set<String> builtIn = new HashSet<>();

  static KernelModules read(Path folder) throws IOException {
    return new KernelModules(
        Files.readString(folder.resolve("modules.dep")),
        optional(folder.resolve("modules.softdep")),
        optional(folder.resolve("modules.builtin")));
  }

  KernelModules(String dependencies, String soft, String builtInPaths) throws IOException {
    for (String line : dependencies.lines().toList()) {
      int colon = line.indexOf(':');
      if (colon < 1) {
        throw new IOException("modules.dep: no module in the line '" + line + "'");
      }
      String path = line.substring(0, colon);
      String name = name(path);
      pathByName.put(name, path);
      List<String> needed = new ArrayList<>();
      for (String other : words(line.substring(colon + 1))) {
        needed.add(name(other));
      }
      // depmod lists the one to be loaded first last.
      needs.put(name, needed.reversed());
    }
    for (String line : soft.lines().toList()) {
      List<String> words = words(line);
      if (words.size() > 2 && words.getFirst().equals("softdep")) {
        softNeeds.computeIfAbsent(name(words.get(1)), key -> new ArrayList<>()).addAll(pre(words));
      }
    }
    for (String path : builtInPaths.lines().toList()) {
      builtIn.add(name(path));
    }
  }

  /**
   * The paths of these modules and of all they need, each after what it needs.
   *
   * @throws IOException if the kernel has no such module
   */
  List<String> loadOrder(Collection<String> names) throws IOException {
    Set<String> ordered = new LinkedHashSet<>();
    for (String wanted : names) {
      String name = name(wanted);
      if (pathByName.containsKey(name)) {
        add(name, ordered, new HashSet<>());
      } else if (!builtIn.contains(name)) {
        throw new IOException("the kernel has no module '" + wanted + "'");
      }
    }
    return ordered.stream().map(pathByName::get).toList();
  }

  private void add(String name, Set<String> ordered, Set<String> below) {
    if (!pathByName.containsKey(name) || ordered.contains(name) || !below.add(name)) {
      return;
    }
    for (String soft : softNeeds.getOrDefault(name, List.of())) {
      add(soft, ordered, below);
    }
    for (String needed : needs.get(name)) {
      add(needed, ordered, below);
    }
    ordered.add(name);
  }

  /** The words after {@code pre:}; those after {@code post:} may come later or never. */
  private static List<String> pre(List<String> words) {
    List<String> pre = new ArrayList<>();
    boolean in = false;
    for (String word : words.subList(2, words.size())) {
      if (word.endsWith(":")) {
        in = word.equals("pre:");
      } else if (in) {
        pre.add(name(word));
      }
    }
    return pre;
  }

  /** A module's name has underscores, its file may have hyphens. */
  private static String name(String path) {
    String file = path.substring(path.lastIndexOf('/') + 1);
    int end = file.indexOf(".ko");
    return (end < 0 ? file : file.substring(0, end)).replace('-', '_');
  }

  private static List<String> words(String text) {
    String stripped = text.strip();
    return stripped.isEmpty() ? List.of() : List.of(stripped.split("\\s+"));
  }

  private static String optional(Path file) throws IOException {
    return Files.exists(file) ? Files.readString(file) : "";
  }
}
