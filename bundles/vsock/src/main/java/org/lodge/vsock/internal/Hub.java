package org.lodge.vsock.internal;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.lodge.vsock.Vsock;
import org.lodge.vsock.VsockEndpoint;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockJoin;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.link.GuestLink;
import org.lodge.vsock.link.HostSide;
import org.lodge.vsock.link.VsockHost;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * Where devices, listeners and programs of the host meet. It is a bundle apart from the device so
 * that the connections outlive a device that is replaced.
 */
@Component
public final class Hub implements Vsock, VsockHost {
  private record Listening(long port, int ranking, VsockListener listener) {}

  private final ConcurrentHashMap<String, Endpoint> endpoints = new ConcurrentHashMap<>();
  private final CopyOnWriteArrayList<Listening> listeners = new CopyOnWriteArrayList<>();
  final Deadlines deadlines = new Deadlines();

  @Deactivate
  public void deactivate() {
    endpoints.values().forEach(Endpoint::end);
    deadlines.close();
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      unbind = "removeListener")
  public void addListener(VsockListener listener, Map<String, Object> properties) {
    if (properties.get(VsockListener.PORT) instanceof Number port) {
      int ranking = properties.get("service.ranking") instanceof Integer number ? number : 0;
      listeners.add(new Listening(port.longValue(), ranking, listener));
      listeners.sort(Comparator.comparingInt(Listening::ranking).reversed());
    }
  }

  public void removeListener(VsockListener listener) {
    listeners.removeIf(listening -> listening.listener == listener);
  }

  VsockListener listener(int hostPort) {
    long port = Integer.toUnsignedLong(hostPort);
    for (Listening listening : listeners) {
      if (listening.port == port) {
        return listening.listener;
      }
    }
    return null;
  }

  @Override
  public HostSide attach(GuestLink link) throws VsockException {
    return endpoints.computeIfAbsent(link.guest(), guest -> new Endpoint(this, guest)).attach(link);
  }

  @Override
  public Optional<VsockEndpoint> endpoint(String guest) {
    return Optional.ofNullable(endpoints.get(guest));
  }

  @Override
  public List<VsockEndpoint> endpoints() {
    return List.copyOf(endpoints.values());
  }

  @Override
  public VsockJoin join(VsockStream first, VsockStream second) {
    if (!(first instanceof Stream one) || !(second instanceof Stream other) || one == other) {
      throw new IllegalArgumentException("only two different connections can be joined");
    }
    if (one.type() != other.type()) {
      throw new IllegalArgumentException(
          "%s is a %s, %s a %s".formatted(one, one.type(), other, other.type()));
    }
    if (!one.isJoinable() || !other.isJoinable()) {
      throw new IllegalArgumentException(
          "%s or %s is not accepted yet, or joined before".formatted(one, other));
    }
    return new Join(one, other).begin();
  }
}
