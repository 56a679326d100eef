package org.lodge.policy;

import java.util.Set;
import org.lodge.policy.internal.Names;

/**
 * A guest as rules see it.
 *
 * @param name of the guest, as in {@code config/vm/NAME.json}
 * @param kind what {@code @kind:KIND} matches, such as the name of its image; may be empty
 * @param tags what {@code @tag:TAG} matches; at most {@value #MAX_TAGS}
 */
public record Party(String name, String kind, Set<String> tags) {
  public static final int MAX_TAGS = 32;

  /** In place of a guest's name: Lodge itself, and the person at its shell. */
  public static final String HOST = "@host";

  /** In place of a target: the caller names none, and a rule picks it. */
  public static final String DEFAULT = "@default";

  /**
   * @throws IllegalArgumentException on a name, kind or tag that no rule could spell
   */
  public Party {
    if (!Names.isGuest(name)) {
      throw new IllegalArgumentException("\"" + name + "\" is not a guest's name: " + Names.GUEST);
    }
    if (!kind.isEmpty() && !Names.isGuest(kind)) {
      throw new IllegalArgumentException("\"" + kind + "\" is not a kind: " + Names.GUEST);
    }
    for (String tag : tags) {
      if (!Names.isGuest(tag)) {
        throw new IllegalArgumentException("\"" + tag + "\" is not a tag: " + Names.GUEST);
      }
    }
    if (tags.size() > MAX_TAGS) {
      throw new IllegalArgumentException(name + " has more than " + MAX_TAGS + " tags");
    }
    tags = Set.copyOf(tags);
  }
}
