package org.lodge.vsock;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Takes connections that guests ask for on one port. Registered as an OSGi service with the
 * property {@link #PORT}; where several have one port, the highest ranking service has it.
 */
@ConsumerType
@FunctionalInterface
public interface VsockListener {

  /** Service property, {@code Long} or {@code Integer}: the port on the host's side. */
  String PORT = "lodge.vsock.port";

  /**
   * A guest wants to connect. Called on a virtual thread of its own, which may go on to serve the
   * connection. A request that is neither accepted nor refused when this returns or throws is
   * refused.
   */
  void requested(VsockRequest request) throws Exception;
}
