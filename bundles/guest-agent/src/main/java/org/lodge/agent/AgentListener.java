package org.lodge.agent;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Is told of agents that are there, come and go. An OSGi service. For one guest the calls come in
 * order, and what they do must be short.
 */
@ConsumerType
public interface AgentListener {

  default void connected(AgentSession session) {}

  /** The guest has come up. */
  default void ready(String guest) {}

  default void disconnected(AgentSession session) {}
}
