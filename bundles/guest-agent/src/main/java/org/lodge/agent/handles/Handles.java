package org.lodge.agent.handles;

import org.lodge.connect.ByteStream;
import org.osgi.annotation.versioning.ProviderType;

/** Makes connections with handles out of streams that carry them. An OSGi service; thread-safe. */
@ProviderType
public interface Handles {

  /**
   * Takes over a stream of a service whose carriage is {@link org.lodge.connect.Carriage#HANDLES}:
   * that of a program that connected in a guest, or of a server in a guest to which its agent has
   * connected. The stream ends with the connection.
   *
   * @param name of the guest, for errors
   */
  HandleConnection open(String name, ByteStream stream, HandleLimits limits);
}
