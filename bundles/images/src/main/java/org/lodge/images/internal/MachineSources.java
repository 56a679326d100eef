package org.lodge.images.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The package sources of this machine, told for another release of Debian: same addresses, same
 * keys, other suite. Formats: sources.list(5), one line each or deb822.
 */
final class MachineSources {

  private static final Pattern ONE_LINE =
      Pattern.compile("deb\\s+(?:\\[([^]]*)]\\s+)?(\\S+)\\s+(\\S+)\\s+(\\S.*)");
  private static final List<String> POCKETS = List.of("", "-updates", "-security", "/updates");

  /** One source, by the keys of deb822. */
  record Source(Map<String, String> fields) {

    List<String> words(String key) {
      String value = fields.getOrDefault(key, "").strip();
      return value.isEmpty() ? List.of() : List.of(value.split("\\s+"));
    }
  }

  private MachineSources() {}

  /**
   * @param etc the folder {@code /etc}
   * @return a sources file in deb822 format
   */
  static String forSuite(Path etc, String suite) throws IOException {
    String codename = codename(etc);
    List<Source> all = new ArrayList<>();
    Path single = etc.resolve("apt/sources.list");
    if (Files.exists(single)) {
      all.addAll(parseOneLine(Files.readString(single)));
    }
    Path folder = etc.resolve("apt/sources.list.d");
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.{list,sources}")) {
        List<Path> sorted = new ArrayList<>();
        files.forEach(sorted::add);
        sorted.sort(null);
        for (Path file : sorted) {
          String text = Files.readString(file);
          all.addAll(file.toString().endsWith(".list") ? parseOneLine(text) : parseDeb822(text));
        }
      }
    }
    String written =
        all.stream()
            .map(source -> translate(source, codename, suite))
            .flatMap(Optional::stream)
            .map(MachineSources::deb822)
            .collect(Collectors.joining("\n"));
    if (written.isEmpty()) {
      throw new IOException(
          "this machine has no package source of Debian "
              + codename
              + " in "
              + etc.resolve("apt")
              + " that could be used for "
              + suite
              + ": add one, or put the sources to use into config/image/apt.sources");
    }
    return written;
  }

  static List<Source> parseOneLine(String text) {
    List<Source> sources = new ArrayList<>();
    for (String line : text.lines().toList()) {
      Matcher matcher = ONE_LINE.matcher(line.replaceFirst("#.*", "").strip());
      if (!matcher.matches()) {
        continue;
      }
      Map<String, String> fields = new LinkedHashMap<>();
      fields.put("Types", "deb");
      fields.put("URIs", matcher.group(2));
      fields.put("Suites", matcher.group(3));
      fields.put("Components", matcher.group(4).strip());
      if (matcher.group(1) != null) {
        for (String option : matcher.group(1).strip().split("\\s+")) {
          String[] pair = option.split("=", 2);
          if (pair.length == 2 && pair[0].equals("signed-by")) {
            fields.put("Signed-By", pair[1].replace(',', ' '));
          } else if (pair.length == 2 && pair[0].equals("trusted")) {
            fields.put("Trusted", pair[1]);
          }
        }
      }
      sources.add(new Source(fields));
    }
    return sources;
  }

  static List<Source> parseDeb822(String text) {
    List<Source> sources = new ArrayList<>();
    Map<String, String> fields = new LinkedHashMap<>();
    String key = null;
    for (String line : Stream.concat(text.lines(), Stream.of("")).toList()) {
      if (line.startsWith("#")) {
        continue;
      }
      if (line.isBlank()) {
        if (!fields.isEmpty()) {
          sources.add(new Source(fields));
        }
        fields = new LinkedHashMap<>();
        key = null;
      } else if (Character.isWhitespace(line.charAt(0))) {
        if (key != null) {
          fields.merge(key, "\n" + line, String::concat);
        }
      } else if (line.indexOf(':') > 0) {
        key = line.substring(0, line.indexOf(':')).strip();
        fields.put(key, line.substring(line.indexOf(':') + 1).strip());
      }
    }
    return sources;
  }

  /** Empty where the source is not one of the machine's own release. */
  static Optional<Source> translate(Source source, String codename, String suite) {
    List<String> suites = new ArrayList<>();
    for (String word : source.words("Suites")) {
      for (String pocket : POCKETS) {
        if (word.equals(codename + pocket)) {
          suites.add(suite + pocket);
        }
      }
    }
    boolean usable =
        source.words("Types").contains("deb")
            && !source.fields().getOrDefault("Enabled", "yes").equals("no")
            && !suites.isEmpty();
    if (!usable) {
      return Optional.empty();
    }
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("Types", "deb");
    for (String kept : List.of("URIs", "Components", "Signed-By", "Trusted")) {
      if (source.fields().containsKey(kept)) {
        fields.put(kept, source.fields().get(kept));
      }
    }
    fields.put("Suites", String.join(" ", suites));
    return Optional.of(new Source(fields));
  }

  private static String deb822(Source source) {
    return source.fields().entrySet().stream()
        .map(field -> field.getKey() + ": " + field.getValue() + "\n")
        .collect(Collectors.joining());
  }

  private static String codename(Path etc) throws IOException {
    for (String line : Files.readAllLines(etc.resolve("os-release"))) {
      if (line.startsWith("VERSION_CODENAME=")) {
        return line.substring(line.indexOf('=') + 1).replace("\"", "");
      }
    }
    throw new IOException(etc.resolve("os-release") + " names no VERSION_CODENAME");
  }
}
