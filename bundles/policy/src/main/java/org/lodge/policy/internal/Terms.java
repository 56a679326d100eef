package org.lodge.policy.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;

/**
 * What may stand in the source and target columns, and which of it matches whom.
 *
 * <p>{@code @any} is every guest and {@code @default}, never {@code @host}: giving something to all
 * guests must not give it to the host. {@code *} is whatever there is.
 */
final class Terms {
  static final String ANY = "@any";
  static final String ALL = "*";
  static final String TAG = "@tag:";
  static final String KIND = "@kind:";

  private Terms() {}

  static boolean isSource(String term) {
    return term.equals(ALL)
        || term.equals(ANY)
        || term.equals(Party.HOST)
        || Names.isGuest(term)
        || term.startsWith(TAG) && Names.isGuest(term.substring(TAG.length()))
        || term.startsWith(KIND) && Names.isGuest(term.substring(KIND.length()));
  }

  static boolean isTarget(String term) {
    return term.equals(Party.DEFAULT) || isSource(term);
  }

  /**
   * Every term that matches the party of this name; empty if there is none.
   *
   * @param name a guest, {@link Party#HOST} or {@link Party#DEFAULT}
   */
  static Optional<List<String>> matching(String name, GuestDirectory guests) {
    return switch (name) {
      case Party.HOST -> Optional.of(List.of(Party.HOST, ALL));
      case Party.DEFAULT -> Optional.of(List.of(Party.DEFAULT, ANY, ALL));
      default -> guests.find(name).map(Terms::matching);
    };
  }

  private static List<String> matching(Party guest) {
    List<String> terms = new ArrayList<>(guest.tags().size() + 4);
    terms.add(guest.name());
    terms.add(ANY);
    terms.add(ALL);
    if (!guest.kind().isEmpty()) {
      terms.add(KIND + guest.kind());
    }
    for (String tag : guest.tags()) {
      terms.add(TAG + tag);
    }
    return terms;
  }

  /** Every term that matches at least all that this one matches, whatever guests there may be. */
  static List<String> covering(String term) {
    return switch (term) {
      case ALL -> List.of(ALL);
      case ANY -> List.of(ANY, ALL);
      case Party.HOST -> List.of(Party.HOST, ALL);
      default -> List.of(term, ANY, ALL);
    };
  }
}
