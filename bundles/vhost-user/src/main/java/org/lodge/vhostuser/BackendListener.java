package org.lodge.vhostuser;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Wants to know of backends; registered as an OSGi service. Called on a device's control thread, so
 * it must be quick and must not call back into that backend and wait.
 */
@ConsumerType
public interface BackendListener {

  default void takeover(Backend backend, Takeover takeover) {}

  /** A ring or the whole device is broken until the driver resets it. */
  default void trouble(Backend backend, String sentence) {}
}
