package org.lodge.agent.handles;

import java.io.IOException;
import java.nio.file.Path;
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

  /**
   * Connects to a server of this host. Its handles are descriptors of this process: what is written
   * to a file is in memory that the server maps, without another copy.
   *
   * @param name for errors
   * @param socket where it listens
   * @param uid of the user whose server it must be, as of the moment it began to listen
   * @throws IOException where nobody listens there, or somebody else
   */
  HandleConnection connectHost(String name, Path socket, long uid, HandleLimits limits)
      throws IOException;
}
