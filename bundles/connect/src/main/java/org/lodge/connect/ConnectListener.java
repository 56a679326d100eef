package org.lodge.connect;

import org.osgi.annotation.versioning.ConsumerType;

/** Hears of connections. Whiteboard: register one as a service. */
@ConsumerType
@FunctionalInterface
public interface ConnectListener {
  /**
   * Called on the thread on which it happened, one event of a connection after the other. Must
   * neither block nor throw.
   */
  void event(ConnectionEvent event);
}
