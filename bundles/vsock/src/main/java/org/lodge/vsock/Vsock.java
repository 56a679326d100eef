package org.lodge.vsock;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * All connections between this host and its guests. An OSGi service; thread-safe.
 *
 * <p>Guests reach the host only: what looks like a connection between two guests is two connections
 * that were joined here.
 */
@ProviderType
public interface Vsock {

  /** The guest's endpoint, once a virtio socket device has been started for it. */
  Optional<VsockEndpoint> endpoint(String guest);

  /** Every endpoint known, whether its guest runs now or not. */
  List<VsockEndpoint> endpoints();

  /**
   * Lets two connections flow into each other: what one guest sends goes straight from its memory
   * into the other's, ends and resets included. Nobody else may read or write them from now on.
   * What was received before comes first. Both must be of one type, accepted, and not the same.
   *
   * @throws IllegalArgumentException where they can't be joined
   */
  VsockJoin join(VsockStream first, VsockStream second);
}
