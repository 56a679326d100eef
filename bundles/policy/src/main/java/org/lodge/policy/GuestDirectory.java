package org.lodge.policy;

import java.util.Collection;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The guests that rules can speak of. Whoever asks supplies it, so that rules know nothing of how
 * guests live. Called once or twice for each decision, on the caller's thread: answer from memory.
 */
@ConsumerType
public interface GuestDirectory {
  /** The guest of that name, running or not; empty if none is defined. */
  Optional<Party> find(String name);

  /** Every defined guest. */
  Collection<Party> all();
}
