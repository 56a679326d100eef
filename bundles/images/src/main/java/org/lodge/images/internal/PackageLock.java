package org.lodge.images.internal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The exact packages of an image. As text: a heading, what was asked for, then one line for each
 * package, sorted.
 *
 * @param request digest of what was asked for; a lock serves only the request it was made for
 */
record PackageLock(String suite, String request, List<Locked> packages) {

  private static final String HEADING = "lodge-image-lock 1";
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.+~:-]*");
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

  enum Use {
    ROOT,
    KERNEL
  }

  /**
   * @param sha256 of the package file, hexadecimal
   */
  record Locked(Use use, String name, String version, String sha256) {}

  PackageLock {
    packages =
        packages.stream()
            .sorted(Comparator.comparing(Locked::use).thenComparing(Locked::name))
            .toList();
  }

  List<Locked> of(Use use) {
    return packages.stream().filter(locked -> locked.use() == use).toList();
  }

  String text() {
    StringBuilder text = new StringBuilder();
    text.append(HEADING).append('\n');
    text.append("suite ").append(suite).append('\n');
    text.append("request ").append(request).append('\n');
    for (Locked locked : packages) {
      String use = locked.use().name().toLowerCase(java.util.Locale.ROOT);
      text.append(String.join(" ", use, locked.name(), locked.version(), locked.sha256()));
      text.append('\n');
    }
    return text.toString();
  }

  /**
   * @param where named in errors
   * @throws IOException naming the line that is wrong
   */
  static PackageLock parse(String where, String text) throws IOException {
    List<String> lines = text.lines().toList();
    if (lines.size() < 3 || !lines.getFirst().equals(HEADING)) {
      throw new IOException(where + ": not a lock file: its first line must be '" + HEADING + "'");
    }
    String suite = value(where, lines, 1, "suite", WORD);
    String request = value(where, lines, 2, "request", DIGEST);
    List<Locked> packages = new ArrayList<>();
    for (int i = 3; i < lines.size(); i++) {
      String[] words = lines.get(i).split(" ", -1);
      boolean good =
          words.length == 4
              && (words[0].equals("root") || words[0].equals("kernel"))
              && WORD.matcher(words[1]).matches()
              && WORD.matcher(words[2]).matches()
              && DIGEST.matcher(words[3]).matches();
      if (!good) {
        throw new IOException(
            where
                + ":"
                + (i + 1)
                + ": '"
                + lines.get(i)
                + "': must be 'root' or 'kernel', a package, its version, its SHA-256");
      }
      Use use = words[0].equals("root") ? Use.ROOT : Use.KERNEL;
      packages.add(new Locked(use, words[1], words[2], words[3]));
    }
    return new PackageLock(suite, request, packages);
  }

  private static String value(
      String where, List<String> lines, int line, String key, Pattern allowed) throws IOException {
    String text = lines.get(line);
    if (!text.startsWith(key + " ")
        || !allowed.matcher(text.substring(key.length() + 1)).matches()) {
      throw new IOException(where + ":" + (line + 1) + ": '" + text + "': must be '" + key + " …'");
    }
    return text.substring(key.length() + 1);
  }
}
