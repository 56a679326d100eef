package org.lodge.agent;

import java.util.Collection;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Says what guests offer, and on what their agents listen. An OSGi service; where there are
 * several, what all of them say counts. When its service properties are modified, it is asked
 * again. Thread-safe; answers from memory.
 */
@ConsumerType
@FunctionalInterface
public interface GuestServices {

  /** What this guest offers now; empty where it is unknown. */
  Collection<GuestService> of(String guest);

  /** On what its agent listens for programs of this guest. */
  default Collection<GuestSocket> sockets(String guest) {
    return List.of();
  }

  /** Whether it stands still, so that its agent answers nobody until it is let run on. */
  default boolean isPaused(String guest) {
    return false;
  }
}
