package org.lodge.agent.internal.handles;

import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.Handles;
import org.lodge.connect.ByteStream;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/** Makes connections with handles, and ends them with this bundle. */
@Component
public final class HandlesComponent implements Handles {
  private final Set<HandleConnection> connections =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  @Override
  public HandleConnection open(String name, ByteStream stream, HandleLimits limits) {
    FarSocket connection = new FarSocket(name, stream, limits);
    connections.add(connection);
    return connection;
  }

  @Deactivate
  public void deactivate() {
    synchronized (connections) {
      connections.forEach(connection -> connection.reset("the bundle guest-agent was stopped"));
    }
  }
}
