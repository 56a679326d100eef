package org.lodge.shell.internal.command.inside;

import java.util.Optional;

/**
 * A file as {@code cp} names it.
 *
 * @param guest whose file; empty for the host's
 * @param path of a guest absolute, of the host as typed
 */
record Place(Optional<String> guest, String path) {
  private static final String HOME = "/root/";

  /** What a colon follows, and no slash comes before, is a guest. */
  static Place parse(String typed) {
    int colon = typed.indexOf(':');
    if (colon < 1 || typed.lastIndexOf('/', colon) >= 0) {
      return new Place(Optional.empty(), typed);
    }
    String path = typed.substring(colon + 1);
    if (path.equals("~") || path.startsWith("~/")) {
      path = path.substring(Math.min(2, path.length()));
    }
    return new Place(
        Optional.of(typed.substring(0, colon)), path.startsWith("/") ? path : HOME + path);
  }

  boolean onHost() {
    return guest.isEmpty();
  }

  /** Whether the name itself says that it is a folder. */
  boolean namesFolder() {
    return path.endsWith("/") || path.endsWith("/.") || path.equals(".") || path.endsWith("/..");
  }

  /** The last part of the path; empty for a root. */
  String name() {
    String trimmed = path.replaceFirst("/+$", "");
    return trimmed.substring(trimmed.lastIndexOf('/') + 1);
  }

  Place child(String name) {
    return new Place(guest, path.endsWith("/") ? path + name : path + "/" + name);
  }

  @Override
  public String toString() {
    return guest.map(name -> name + ":" + path).orElse(path);
  }
}
