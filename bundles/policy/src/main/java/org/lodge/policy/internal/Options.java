package org.lodge.policy.internal;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.lodge.policy.Action;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Rule;

/**
 * Which options a rule may have. What nobody reads is refused: a limit with a slip in its name is
 * none.
 */
public final class Options {
  /** With which the options of services begin that this table does not know. */
  static final String FREE = "x-";

  private static final String WAYLAND = "wayland";

  private static final Set<String> OF_WAYLAND =
      Set.of(
          "color",
          "border",
          "frame",
          "user",
          "display",
          "connections",
          "objects",
          "windows",
          "buffer-side",
          "pixels",
          "rectangles",
          "transfer",
          "heap");

  private Options() {}

  /**
   * Those that the service reads from its rules.
   *
   * @param service as in a rule, so it may be {@code *}
   */
  public static Set<String> ofService(String service) {
    String name = service.split("\\+", 2)[0];
    return name.equals(WAYLAND) || name.equals(Terms.ALL) ? OF_WAYLAND : Set.of();
  }

  private static Set<String> known(String service, Action action) {
    Set<String> known = new TreeSet<>(ofService(service));
    known.addAll(List.of(Rule.TARGET, Rule.MEDIATED));
    if (action == Action.ASK) {
      known.addAll(List.of(Rule.DEFAULT_TARGET, Rule.TIMEOUT_SECONDS));
    }
    return known;
  }

  /** For an option that is none of the policy's own. */
  static void check(String service, Action action, String key) throws PolicySyntaxException {
    if (action == Action.DENY) {
      throw new PolicySyntaxException("option " + key + ": deny takes none");
    }
    if (key.startsWith(FREE) || ofService(service).contains(key)) {
      return;
    }
    Set<String> known = known(service, action);
    throw new PolicySyntaxException(
        "option %s is not known; %s"
            .formatted(
                key,
                nearest(key, known)
                    .map(name -> "is " + name + " meant?")
                    .orElse(
                        known.stream().collect(Collectors.joining(", ", "there are ", ""))
                            + "; of a service of your own: "
                            + FREE
                            + "NAME")));
  }

  private static Optional<String> nearest(String key, Collection<String> known) {
    return known.stream().filter(each -> isNearly(key, each)).findFirst();
  }

  /** The same letters but for case and -, or with two neighbours swapped, or one left out. */
  private static boolean isNearly(String key, String own) {
    String k = key.replace("-", "").toLowerCase(Locale.ROOT);
    String o = own.toLowerCase(Locale.ROOT);
    if (k.length() == o.length()) {
      int at = mismatch(k, o);
      return at < 0
          || k.substring(at + 1).equals(o.substring(at + 1))
          || at + 1 < o.length()
              && k.charAt(at) == o.charAt(at + 1)
              && k.charAt(at + 1) == o.charAt(at)
              && k.substring(at + 2).equals(o.substring(at + 2));
    }
    String longer = k.length() > o.length() ? k : o;
    String shorter = k.length() > o.length() ? o : k;
    int at = Math.max(0, mismatch(shorter, longer));
    return longer.length() == shorter.length() + 1
        && (longer.startsWith(shorter) || longer.substring(at + 1).equals(shorter.substring(at)));
  }

  private static int mismatch(String a, String b) {
    int length = Math.min(a.length(), b.length());
    for (int i = 0; i < length; i++) {
      if (a.charAt(i) != b.charAt(i)) {
        return i;
      }
    }
    return a.length() == b.length() ? -1 : length;
  }
}
