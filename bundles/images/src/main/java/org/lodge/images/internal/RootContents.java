package org.lodge.images.internal;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lodge.images.internal.TarArchive.Entry;

/** Which entries of the installed packages go into the root. */
final class RootContents {

  private static final String LIBRARIES = "/usr/lib/x86_64-linux-gnu/";
  private static final Pattern LIBRARY = Pattern.compile("lib[^/]*\\.so(\\.[^/]*)?");

  /** What the running guest fills, and where the packages came from on this machine. */
  private static final Pattern NEVER =
      Pattern.compile("/(dev|proc|sys|run)/.*|/etc/apt/sources\\.list");

  private RootContents() {}

  /**
   * @param replaced paths that other content takes
   */
  static List<Entry> select(
      TarArchive archive,
      List<String> prune,
      Optional<List<String>> keepLibraries,
      Set<String> replaced)
      throws IOException {
    Pattern pruned = anyOf(prune);
    List<Entry> kept =
        archive.entries().stream()
            .filter(entry -> !NEVER.matcher(entry.path()).matches())
            .filter(entry -> !pruned.matcher(entry.path()).matches())
            .filter(entry -> !replaced.contains(entry.path()))
            .toList();
    if (keepLibraries.isEmpty()) {
      return kept;
    }
    Set<String> needed = neededLibraries(archive, kept, keepLibraries.get());
    return kept.stream()
        .filter(entry -> !isLibrary(entry) || needed.contains(nameOf(entry)))
        .toList();
  }

  /** From every program and plug-in, through what each library needs, to the end. */
  private static Set<String> neededLibraries(
      TarArchive archive, List<Entry> entries, List<String> keepLibraries) throws IOException {
    Map<String, Entry> libraries = new HashMap<>();
    Deque<Entry> open = new ArrayDeque<>();
    Pattern keep =
        Pattern.compile(
            keepLibraries.stream().map(RootContents::regex).collect(Collectors.joining("|")));
    for (Entry entry : entries) {
      if (isLibrary(entry)) {
        libraries.put(nameOf(entry), entry);
      }
      if (!isLibrary(entry) || keep.matcher(nameOf(entry)).matches()) {
        open.add(entry);
      }
    }
    Set<String> needed = new HashSet<>();
    Set<Entry> seen = new HashSet<>(open);
    while (!open.isEmpty()) {
      Entry entry = open.remove();
      if (isLibrary(entry)) {
        needed.add(nameOf(entry));
      }
      for (String name : neededBy(archive, entry)) {
        Entry library = libraries.get(name.substring(name.lastIndexOf('/') + 1));
        if (library != null && seen.add(library)) {
          open.add(library);
        }
      }
    }
    return needed;
  }

  private static List<String> neededBy(TarArchive archive, Entry entry) throws IOException {
    if (entry.isFile()) {
      return ElfLibraries.needed((offset, length) -> archive.read(entry, offset, length));
    }
    return isLibrary(entry) ? List.of(entry.link()) : List.of();
  }

  private static boolean isLibrary(Entry entry) {
    return entry.path().startsWith(LIBRARIES)
        && LIBRARY.matcher(nameOf(entry)).matches()
        && entry.path().lastIndexOf('/') == LIBRARIES.length() - 1;
  }

  private static String nameOf(Entry entry) {
    return entry.path().substring(entry.path().lastIndexOf('/') + 1);
  }

  /** Matches each path and all that is below it. */
  static Pattern anyOf(List<String> globs) {
    if (globs.isEmpty()) {
      return Pattern.compile("(?!)");
    }
    String any = globs.stream().map(RootContents::regex).collect(Collectors.joining("|"));
    return Pattern.compile("(?:" + any + ")(?:/.*)?");
  }

  private static String regex(String glob) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < glob.length(); i++) {
      char c = glob.charAt(i);
      if (c == '*' && glob.startsWith("**", i)) {
        regex.append(".*");
        i++;
      } else if (c == '*') {
        regex.append("[^/]*");
      } else if (c == '?') {
        regex.append("[^/]");
      } else {
        regex.append(Pattern.quote(String.valueOf(c)));
      }
    }
    return regex.toString();
  }
}
