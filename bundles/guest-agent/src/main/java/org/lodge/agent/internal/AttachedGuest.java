package org.lodge.agent.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.agent.GuestService;
import org.lodge.agent.GuestSocket;
import org.lodge.connect.Announcement;
import org.lodge.connect.Carriage;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.GuestEndpoint;
import org.lodge.connect.GuestSession;
import org.lodge.vsock.Vsock;
import org.lodge.vsock.VsockStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A guest whose agent is there, at the broker: serves what is announced to it. */
final class AttachedGuest implements GuestEndpoint {
  private static final Logger LOG = LoggerFactory.getLogger(AttachedGuest.class);
  private static final int SIGHUP = 1;
  private static final Duration ARRIVAL_LIMIT = Duration.ofSeconds(10);

  /** Write permission, which connecting to a socket takes. */
  private static final int OF_OTHERS = 0002;

  final AgentSession agent;
  private final Vsock vsock;
  private final Outcomes outcomes;
  private final BooleanSupplier paused;
  private volatile Map<String, GuestService> services = Map.of();
  private volatile GuestSession session;

  /** What the guest listens on, as far as is known; of the one thread that sees to it. */
  private final Map<String, GuestSocket> sockets = new HashMap<>();

  private final Object wishes = new Object();
  private Wish wish;
  private boolean listens;
  private volatile Set<String> keptFromUsers = Set.of();

  private record Wish(Collection<GuestSocket> sockets, boolean anew) {}

  AttachedGuest(AgentSession agent, Vsock vsock, Outcomes outcomes, BooleanSupplier paused) {
    this.agent = agent;
    this.vsock = vsock;
    this.outcomes = outcomes;
    this.paused = paused;
  }

  void attached(GuestSession to) {
    session = to;
  }

  GuestSession session() {
    return session;
  }

  /** From now on these, in place of those before; the first of two of one name. */
  void offer(Collection<GuestService> offered) {
    Map<String, GuestService> byName = new LinkedHashMap<>();
    offered.stream()
        .limit(GuestSession.MAX_SERVICES)
        .forEach(service -> byName.putIfAbsent(service.description().name(), service));
    services = byName;
    session.offer(byName.values().stream().map(GuestService::description).toList());
  }

  /**
   * From now on on these, in place of those before. Does not wait for the guest, which may make it
   * happen as often as it likes: only the last wish is kept, and one thread goes about it.
   *
   * @param anew also those that are there already
   */
  void listen(Collection<GuestSocket> wanted, boolean anew) {
    keptFromUsers = keptFromUsers(wanted);
    synchronized (wishes) {
      wish = new Wish(wanted, anew || (wish != null && wish.anew()));
      if (listens) {
        return;
      }
      listens = true;
    }
    Thread.ofVirtual().name("listen-" + guest()).start(this::listenAsWished);
  }

  private void listenAsWished() {
    for (Wish next = nextWish(); next != null; next = nextWish()) {
      listenNow(next.sockets(), next.anew());
    }
  }

  private Wish nextWish() {
    synchronized (wishes) {
      Wish next = wish;
      wish = null;
      listens = next != null;
      return next;
    }
  }

  static Set<String> keptFromUsers(Collection<GuestSocket> wanted) {
    Set<String> services =
        wanted.stream().map(GuestSocket::service).collect(Collectors.toCollection(HashSet::new));
    wanted.stream()
        .filter(socket -> (socket.mode() & OF_OTHERS) != 0)
        .forEach(socket -> services.remove(socket.service()));
    return services;
  }

  /** Whether none of the guest's sockets for a service is for everybody. */
  boolean keepsFromUsers(String service) {
    return keptFromUsers.contains(service);
  }

  private void listenNow(Collection<GuestSocket> wanted, boolean anew) {
    try {
      if (anew) {
        sockets.clear();
      }
      Map<String, GuestSocket> former = Map.copyOf(sockets);
      for (String path : former.keySet()) {
        if (wanted.stream().noneMatch(socket -> socket.path().equals(path))) {
          sockets.remove(path);
          agent.unlisten(path, ARRIVAL_LIMIT);
        }
      }
      for (GuestSocket socket : wanted) {
        if (!socket.equals(former.get(socket.path()))) {
          listenOn(socket);
          sockets.put(socket.path(), socket);
        }
      }
    } catch (IOException | RuntimeException e) {
      LOG.info("Guest '{}' does not listen as declared: {}", guest(), e.getMessage());
    }
  }

  private void listenOn(GuestSocket socket) throws IOException {
    if (socket.withHandles()) {
      agent.listenWithHandles(
          socket.path(),
          socket.mode(),
          0,
          0,
          socket.service(),
          socket.argument(),
          socket.target(),
          ARRIVAL_LIMIT);
    } else {
      agent.listen(
          socket.path(),
          socket.mode(),
          0,
          0,
          socket.service(),
          socket.argument(),
          socket.target(),
          ARRIVAL_LIMIT);
    }
  }

  @Override
  public String guest() {
    return agent.guest();
  }

  @Override
  public void announce(Announcement announcement) throws ConnectException {
    GuestService service = services.get(announcement.service());
    if (service == null) {
      throw new ConnectException(
          Reason.NOT_OFFERED, guest() + " offers no " + announcement.service() + " any more");
    }
    if (paused.getAsBoolean()) {
      throw new ConnectException(
          Reason.UNREACHABLE, guest() + " is paused; let it run on with: lodge resume " + guest());
    }
    Thread.ofVirtual()
        .name("announce-" + guest() + "-" + announcement.service())
        .start(() -> serve(service, announcement));
  }

  private void serve(GuestService service, Announcement announcement) {
    try {
      CallStream stream =
          switch (service.way()) {
            case GuestService.UnixSocket socket ->
                new CallStream(
                    vsock, openUnix(service, announcement.socketPath().orElse(socket.path())));
            case GuestService.Way other when announcement.socketPath().isPresent() ->
                throw new IOException("this service has no Unix socket");
            case GuestService.Run run -> run(run, announcement);
            case GuestService.TcpPort tcp ->
                new CallStream(vsock, agent.openTcp(tcp.port(), ARRIVAL_LIMIT));
          };
      session.redeem(announcement.token(), stream);
    } catch (IOException | RuntimeException e) {
      LOG.info("Guest '{}' does not serve {}: {}", guest(), announcement.service(), e.getMessage());
      session.refuse(announcement.token(), String.valueOf(e.getMessage()));
    }
  }

  private VsockStream openUnix(GuestService service, String path) throws IOException {
    return service.description().carriage() == Carriage.HANDLES
        ? agent.openUnixWithHandles(path, ARRIVAL_LIMIT)
        : agent.openUnix(path, ARRIVAL_LIMIT);
  }

  private CallStream run(GuestService.Run run, Announcement announcement) throws IOException {
    CompletableFuture<ExitStatus> outcome = outcomes.expect(announcement.connectionId());
    try {
      AgentProgram program = agent.exec(request(run, announcement), ARRIVAL_LIMIT);
      program
          .exit()
          .whenComplete((status, failure) -> {
            if (failure == null) {
              outcome.complete(status);
            } else {
              outcome.completeExceptionally(failure);
            }
          });
      return new CallStream(
          vsock,
          program.stream(),
          Optional.of(outcome.thenApply(ExitStatus::shellCode)),
          () -> hangUp(program, outcome));
    } catch (IOException e) {
      outcome.completeExceptionally(e);
      throw e;
    }
  }

  /** To the kernel of a guest a reset looks like an end, so its agent has to be told of it. */
  private void hangUp(AgentProgram program, CompletableFuture<ExitStatus> outcome) {
    if (!outcome.completeExceptionally(new IOException("the connection was cut off"))) {
      return;
    }
    Thread.ofVirtual()
        .name("hang-up-" + guest())
        .start(() -> {
          try (program) {
            program.signal(SIGHUP);
          } catch (IOException e) {
            LOG.debug("Guest '{}': a program gets no hang-up", guest(), e);
          }
        });
  }

  /** What the caller says is in the environment, where it can't be taken for an option. */
  private static ExecRequest request(GuestService.Run run, Announcement announcement) {
    ExecRequest plain = ExecRequest.of(run.command().toArray(String[]::new));
    Map<String, String> environment = new HashMap<>(plain.environment());
    environment.put("LODGE_SERVICE", announcement.service());
    environment.put("LODGE_ARGUMENT", announcement.argument());
    environment.put("LODGE_SOURCE", announcement.source());
    announcement
        .metadata()
        .values()
        .forEach((field, value) ->
            environment.put(
                "LODGE_FIELD_" + field.toUpperCase(Locale.ROOT).replace('-', '_'), value));
    return new ExecRequest(
        run.command(), environment, "", 0, 0, Optional.empty(), run.user(), true);
  }
}
