package org.lodge.agent;

import java.util.Collection;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Says what guests offer. An OSGi service; where there are several, what all of them say counts.
 * When its service properties are modified, it is asked again. Thread-safe; answers from memory.
 */
@ConsumerType
@FunctionalInterface
public interface GuestServices {

  /** What this guest offers now; empty where it is unknown. */
  Collection<GuestService> of(String guest);
}
