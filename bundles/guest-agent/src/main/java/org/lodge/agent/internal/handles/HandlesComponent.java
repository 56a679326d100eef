package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.Handles;
import org.lodge.connect.ByteStream;
import org.lodge.lane.Lanes;
import org.lodge.linux.UnixStreamSocket;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** Makes connections with handles, and ends them with this bundle. */
@Component
public final class HandlesComponent implements Handles {
  private final Set<HandleConnection> connections =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
  private final Lanes lanes;
  private HostLoop loop;

  @Activate
  public HandlesComponent(@Reference Lanes lanes) {
    this.lanes = lanes;
  }

  @Override
  public HandleConnection open(String name, ByteStream stream, HandleLimits limits) {
    FarSocket connection = new FarSocket(name, stream, limits, lanes);
    connections.add(connection);
    return connection;
  }

  @Override
  public HandleConnection connectHost(String name, Path path, long uid, HandleLimits limits)
      throws IOException {
    UnixStreamSocket socket = UnixStreamSocket.connectNow(path);
    try {
      long found = socket.peerCredentials().uid();
      if (found != uid) {
        throw new IOException(
            "%s is served by user %d, not by user %d".formatted(path, found, uid));
      }
      HostSocket connection = new HostSocket(name, loop(), socket, limits);
      connections.add(connection);
      return connection;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Its thread is there only where somebody needs it. */
  private synchronized HostLoop loop() throws IOException {
    if (loop == null) {
      loop = new HostLoop();
    }
    return loop;
  }

  @Deactivate
  public void deactivate() {
    synchronized (connections) {
      connections.forEach(connection -> connection.reset("the bundle guest-agent was stopped"));
    }
    synchronized (this) {
      if (loop != null) {
        loop.close();
      }
    }
  }
}
