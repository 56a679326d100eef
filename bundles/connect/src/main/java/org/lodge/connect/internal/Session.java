package org.lodge.connect.internal;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Grant;
import org.lodge.connect.GuestEndpoint;
import org.lodge.connect.GuestSession;
import org.lodge.connect.ServiceDescription;

/** One guest whose agent is there, and the connections that end with it. */
final class Session implements GuestSession {
  private final GuestEndpoint endpoint;
  private final String guest;
  private final Calls calls;
  private final Tickets tickets;
  private final Consumer<Session> onClose;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private volatile Map<String, ServiceDescription> services = Map.of();
  private volatile boolean closed;

  Session(GuestEndpoint endpoint, Calls calls, Tickets tickets, Consumer<Session> onClose) {
    this.endpoint = endpoint;
    this.guest = endpoint.guest();
    this.calls = calls;
    this.tickets = tickets;
    this.onClose = onClose;
  }

  /** The link ends with this session; at once where it has ended. */
  void bind(Link link) {
    links.add(link);
    link.onEnd(how -> links.remove(link));
    if (closed) {
      link.end(gone());
    }
  }

  private Ending gone() {
    return Ending.failed(Reason.UNREACHABLE, guest + " has gone");
  }

  GuestEndpoint endpoint() {
    return endpoint;
  }

  Optional<ServiceDescription> service(String name) {
    return Optional.ofNullable(services.get(name));
  }

  Collection<ServiceDescription> services() {
    return services.values();
  }

  @Override
  public String guest() {
    return guest;
  }

  @Override
  public void offer(Collection<ServiceDescription> offered) {
    if (offered.size() > MAX_SERVICES) {
      throw new IllegalArgumentException(guest + " offers more than " + MAX_SERVICES + " services");
    }
    Map<String, ServiceDescription> byName = new LinkedHashMap<>();
    for (ServiceDescription service : offered) {
      if (byName.put(service.name(), service) != null) {
        throw new IllegalArgumentException(guest + " offers " + service.name() + " twice");
      }
    }
    services = Map.copyOf(byName);
  }

  @Override
  public CompletionStage<Grant> call(Call call) {
    return calls.fromGuest(this, call);
  }

  @Override
  public void redeem(String untrustedToken, ByteStream stream) throws ConnectException {
    tickets.redeem(this, untrustedToken, stream);
  }

  @Override
  public void refuse(String untrustedToken, String untrustedWhy) {
    tickets.refuse(this, untrustedToken, untrustedWhy);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      onClose.accept(this);
    }
    links.forEach(link -> link.end(gone()));
  }
}
