package org.lodge.agent.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.lodge.agent.AgentCall;
import org.lodge.agent.AgentCallHandler;
import org.lodge.agent.AgentListener;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExitStatus;
import org.lodge.agent.GuestService;
import org.lodge.agent.GuestServices;
import org.lodge.connect.Broker;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException;
import org.lodge.connect.Connection;
import org.lodge.connect.Grant;
import org.lodge.vsock.Vsock;
import org.lodge.vsock.VsockStream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * Takes agents to the broker: each is a guest that may call and be called. Who calls is told by the
 * connection's guest; whether it may, the broker says.
 */
@Component(service = {AgentListener.class, AgentCallHandler.class})
public final class Gateway implements AgentListener, AgentCallHandler {
  private final Broker broker;
  private final Vsock vsock;
  private final Outcomes outcomes = new Outcomes();
  private final Map<String, AttachedGuest> guests = new ConcurrentHashMap<>();
  private final List<GuestServices> services = new CopyOnWriteArrayList<>();

  @Activate
  public Gateway(@Reference Broker broker, @Reference Vsock vsock) {
    this.broker = broker;
    this.vsock = vsock;
  }

  @Deactivate
  void close() {
    guests.values().forEach(guest -> guest.session().close());
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      updated = "updatedServices")
  public void addServices(GuestServices more) {
    services.add(more);
    offerAll();
  }

  void updatedServices(GuestServices changed) {
    offerAll();
  }

  public void removeServices(GuestServices gone) {
    services.remove(gone);
    offerAll();
  }

  private void offerAll() {
    guests.values().forEach(this::offer);
  }

  private void offer(AttachedGuest guest) {
    List<GuestService> all =
        services.stream().map(each -> each.of(guest.guest())).flatMap(Collection::stream).toList();
    synchronized (guest) {
      guest.offer(all);
    }
    listen(guest, false);
  }

  private void listen(AttachedGuest guest, boolean anew) {
    guest.listen(
        services.stream()
            .map(each -> each.sockets(guest.guest()))
            .flatMap(Collection::stream)
            .toList(),
        anew);
  }

  /** What the agent made before the guest had its own root is out of programs' sight. */
  @Override
  public void ready(String name) {
    AttachedGuest guest = guests.get(name);
    if (guest != null) {
      listen(guest, true);
    }
  }

  @Override
  public void connected(AgentSession session) {
    AttachedGuest guest =
        new AttachedGuest(session, vsock, outcomes, () -> isPaused(session.guest()));
    guest.attached(broker.attach(guest));
    guests.put(session.guest(), guest);
    offer(guest);
  }

  private boolean isPaused(String guest) {
    return services.stream().anyMatch(each -> each.isPaused(guest));
  }

  @Override
  public void disconnected(AgentSession session) {
    AttachedGuest guest = guests.get(session.guest());
    if (guest != null && guest.agent == session && guests.remove(session.guest(), guest)) {
      guest.session().close();
    }
  }

  @Override
  public void called(AgentCall call) throws IOException {
    AttachedGuest guest = guests.get(call.guest());
    if (guest == null) {
      call.refuse("the agent of this guest is not connected to Lodge; try again");
      return;
    }
    if (!call.asRoot() && guest.keepsFromUsers(call.service())) {
      call.refuse(
          call.service() + ": in this guest only through its socket, as the mode of that says");
      return;
    }
    Grant grant;
    try {
      grant =
          guest
              .session()
              .call(Call.of(call.service(), call.argument(), call.target()))
              .toCompletableFuture()
              .get();
    } catch (ExecutionException e) {
      call.refuse(sentence(call, e.getCause()));
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("a call of guest '%s'".formatted(call.guest()));
    }
    Connection connection = grant.connection();
    try {
      guest.session().redeem(grant.token(), new CallStream(vsock, accepted(call, connection)));
    } catch (IOException e) {
      connection.reset("the caller did not wait");
      throw e;
    }
  }

  /** A server, or Lodge itself, has done well where the connection has ended in order. */
  private VsockStream accepted(AgentCall call, Connection connection) throws IOException {
    Optional<CompletableFuture<ExitStatus>> program = outcomes.of(connection.id());
    if (program.isPresent()) {
      return call.acceptProgram(program.get());
    }
    return call.accept(
        connection
            .ended()
            .thenApply(done -> {
              if (connection.isBroken()) {
                throw new CompletionException(new IOException("the connection was cut off"));
              }
              return new ExitStatus(0, 0);
            }));
  }

  /** For the guest: what it knows already, and no more than the kind of the trouble. */
  private static String sentence(AgentCall call, Throwable why) {
    String what =
        (call.argument().isEmpty() ? call.service() : call.service() + "+" + call.argument())
            + " of "
            + call.target();
    if (!(why instanceof ConnectException refused)) {
      return what + ": a fault in Lodge, see its log";
    }
    return switch (refused.reason()) {
      case BAD_REQUEST -> what + ": a name is misspelt";
      case DENIED ->
          what
              + ": denied by the policy of the host (config/policy.d); there, `lodge policy explain "
              + call.service()
              + " "
              + call.guest()
              + " "
              + call.target()
              + "` says which rule";
      case LIMIT -> what + ": too many calls or connections of this guest";
      case NOT_OFFERED -> what + ": allowed, but not offered there";
      case UNREACHABLE ->
          what + ": allowed, but the guest is not running, is paused, or has no agent";
      case REFUSED -> what + ": allowed, but the program there could not be started";
      case TIMEOUT -> what + ": no answer in time, by a person who was asked or by the guest there";
      case BAD_TOKEN, ENDED -> what + ": ended before it was open";
    };
  }
}
