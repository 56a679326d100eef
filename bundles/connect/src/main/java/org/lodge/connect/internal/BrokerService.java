package org.lodge.connect.internal;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.lodge.connect.Ask;
import org.lodge.connect.Broker;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.ConnectListener;
import org.lodge.connect.Connection;
import org.lodge.connect.GuestEndpoint;
import org.lodge.connect.GuestSession;
import org.lodge.connect.ServiceOffer;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.Policy;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** The broker as an OSGi service; what happens to a call is in {@link Calls}. */
@Component(service = Broker.class, configurationPid = "org.lodge.connect")
public final class BrokerService implements Broker {
  /** Configuration of the PID {@code org.lodge.connect}; the limits are those of each guest. */
  public @interface Settings {
    int maxConnections() default 1024;

    int maxConnectionsToOne() default 32;

    int maxBytesInFlight() default 8 << 20;

    int callsPerSecond() default 2000;

    int maxAsks() default 8;

    int arrivalMillis() default 10_000;

    int askSeconds() default 60;
  }

  private final Rulebook rulebook = new Rulebook();
  private final Registry registry;
  private final Tickets tickets = new Tickets();
  private final Asks asks = new Asks();
  private final Calls calls;

  @Activate
  public BrokerService(Settings settings) {
    this(
        new Limits(
            settings.maxConnections(),
            settings.maxConnectionsToOne(),
            settings.maxBytesInFlight(),
            settings.callsPerSecond(),
            settings.maxAsks(),
            Duration.ofMillis(settings.arrivalMillis()),
            Duration.ofSeconds(settings.askSeconds())));
  }

  BrokerService(Limits limits) {
    this.registry = new Registry(limits, System::nanoTime);
    this.calls =
        new Calls(new Admission(rulebook, limits, registry, asks), limits, registry, tickets);
  }

  @Deactivate
  void close() {
    registry.close();
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void setPolicy(Policy policy) {
    rulebook.come(policy);
  }

  void unsetPolicy(Policy policy) {
    rulebook.go(policy);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void setGuests(GuestDirectory guests) {
    rulebook.come(guests);
  }

  void unsetGuests(GuestDirectory guests) {
    rulebook.go(guests);
  }

  @Reference(
      service = ServiceOffer.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC)
  void addOffer(ServiceOffer offer, Map<String, Object> properties) {
    int ranking = properties.get("service.ranking") instanceof Integer value ? value : 0;
    long serviceId = properties.get("service.id") instanceof Long value ? value : 0;
    registry.offers().add(offer, ranking, serviceId);
  }

  void removeOffer(ServiceOffer offer) {
    registry.offers().remove(offer);
    registry.endOrphans();
  }

  @Reference(
      service = ConnectListener.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC)
  void addListener(ConnectListener listener) {
    registry.listeners().add(listener);
  }

  void removeListener(ConnectListener listener) {
    registry.listeners().remove(listener);
  }

  @Override
  public GuestSession attach(GuestEndpoint endpoint) {
    Session session = new Session(endpoint, calls, tickets, registry::remove);
    registry
        .put(session)
        .ifPresent(former -> {
          former.close();
          former.endpoint().replaced();
        });
    return session;
  }

  @Override
  public CompletionStage<ByteStream> connect(String source, Call call) {
    return calls.fromHost(source, call);
  }

  @Override
  public void guestGone(String guest) {
    registry.session(guest).ifPresent(Session::close);
    for (Link link : registry.links()) {
      if (link.concerns(guest)) {
        link.end(Ending.failed(Reason.UNREACHABLE, guest + " has gone"));
      }
    }
  }

  @Override
  public List<Ask> asks() {
    return asks.list();
  }

  @Override
  public List<Connection> connections() {
    return List.copyOf(registry.links());
  }

  @Override
  public List<Offered> services() {
    Stream<Offered> own =
        registry.offers().descriptions().stream()
            .map(description -> new Offered(Party.HOST, description));
    Stream<Offered> ofGuests =
        registry.sessions().stream()
            .flatMap(session ->
                session.services().stream()
                    .map(description -> new Offered(session.guest(), description)));
    return Stream.concat(own, ofGuests)
        .sorted(
            Comparator.comparing(Offered::provider)
                .thenComparing(offered -> offered.description().name()))
        .toList();
  }

  Tickets tickets() {
    return tickets;
  }

  Registry registry() {
    return registry;
  }
}
