package org.lodge.agent;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** The agents of all guests. An OSGi service; thread-safe. */
@ProviderType
public interface Agents {

  /** The agent of a guest, while it is connected. */
  Optional<AgentSession> session(String guest);

  /**
   * As {@link #session}, but waits for it.
   *
   * @throws AgentException where it does not connect in time
   */
  AgentSession await(String guest, Duration limit) throws IOException;

  List<AgentSession> sessions();

  /** Whether the guest has an agent that says that it has come up. */
  boolean isReady(String guest);

  /** Whether the guest had an agent and has none now, or has ended. */
  boolean isLost(String guest);

  /** The agent's program for guests of this host's architecture: one static file. */
  InputStream program() throws IOException;
}
