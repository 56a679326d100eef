package org.lodge.connect.internal;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.lodge.connect.Announcement;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Call;
import org.lodge.connect.Carriage;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Connection.Stage;
import org.lodge.connect.ConnectionEvent;
import org.lodge.connect.Grant;
import org.lodge.connect.Metadata;
import org.lodge.connect.ServiceDescription;
import org.lodge.policy.Decision;
import org.lodge.policy.Party;
import org.lodge.policy.Request;
import org.lodge.policy.Rule;

/**
 * The way of a call from its arrival to flowing bytes, from top to bottom: {@link Admission}
 * decides on it, here it reaches its target.
 *
 * <p>Nothing here waits: each step starts the next when its time comes. Whatever goes wrong ends
 * the link, and the link's end answers the caller.
 */
final class Calls {
  private static final Executor VIRTUAL = task -> Thread.ofVirtual().start(task);

  private final Admission admission;
  private final Limits limits;
  private final Registry registry;
  private final Tickets tickets;

  Calls(Admission admission, Limits limits, Registry registry, Tickets tickets) {
    this.admission = admission;
    this.limits = limits;
    this.registry = registry;
    this.tickets = tickets;
  }

  CompletableFuture<Grant> fromGuest(Session source, Call call) {
    CompletableFuture<Grant> answer = new CompletableFuture<>();
    admission.arrive(
        source.guest(),
        call,
        answer,
        (link, decision) -> reachForGuest(source, call, link, decision, answer),
        source::bind);
    return answer;
  }

  CompletableFuture<ByteStream> fromHost(String source, Call call) {
    CompletableFuture<ByteStream> answer = new CompletableFuture<>();
    admission.arrive(
        source,
        call,
        answer,
        (link, decision) -> reachForHost(call, link, decision, answer),
        link -> {});
    return answer;
  }

  /** A guest's call goes to a service of Lodge or to a guest, and is answered by a grant. */
  private void reachForGuest(
      Session source, Call call, Link link, Decision decision, CompletableFuture<Grant> answer) {
    String service = link.request().service();
    boolean toGuest = !decision.target().equals(Party.HOST);
    Optional<Offers.Offer> offer = registry.offers().find(service, toGuest);
    try {
      if (offer.isPresent()) {
        Metadata metadata =
            MetadataCheck.check(offer.get().description(), call.untrustedMetadata());
        registry.serveBy(link, offer.get());
        grant(source, link, answer, stream -> serve(link, offer.get(), decision, metadata, stream));
        return;
      }
      if (!toGuest) {
        throw new ConnectException(Reason.NOT_OFFERED, "Lodge offers no service " + service);
      }
      requireNoMediator(link, decision);
      dial(link, decision.options(), call.untrustedMetadata(), Optional.empty())
          .thenAccept(target ->
              link.guarded(() ->
                  grant(
                      source,
                      link,
                      answer,
                      stream ->
                          Pump.start(
                              link,
                              stream,
                              target,
                              registry.usage(source.guest()).orElseThrow()))));
    } catch (ConnectException e) {
      link.end(Ending.failed(e));
    }
  }

  /** Handles and what a rule calls mediated never pass without somebody on the host between. */
  private void requireNoMediator(Link link, Decision decision) throws ConnectException {
    String service = link.request().service();
    boolean handles =
        registry
            .session(decision.target())
            .flatMap(target -> target.service(service))
            .filter(description -> description.carriage() == Carriage.HANDLES)
            .isPresent();
    if (handles || !decision.options().getOrDefault(Rule.MEDIATED, "no").equals("no")) {
      throw new ConnectException(
          Reason.NOT_OFFERED, "nobody on the host mediates " + service + " now");
    }
  }

  /** The host's call gets the target's stream itself. */
  private void reachForHost(
      Call call, Link link, Decision decision, CompletableFuture<ByteStream> answer) {
    if (decision.target().equals(Party.HOST)) {
      link.end(
          Ending.failed(Reason.NOT_OFFERED, "the host calls guests only, not its own services"));
      return;
    }
    dialForHost(link, decision, call.untrustedMetadata(), answer);
  }

  private void dialForHost(
      Link link,
      Decision decision,
      Map<String, String> untrustedMetadata,
      CompletableFuture<ByteStream> answer) {
    dial(link, decision.options(), untrustedMetadata, Optional.empty())
        .thenAccept(stream -> {
          if (open(link)) {
            ByteStream end =
                new HostEnd(
                    stream,
                    link::countBackward,
                    link::countForward,
                    () -> link.end(Ending.orderly("the host closed it")),
                    () -> link.reset("a side was reset"));
            answer.completeAsync(() -> end, VIRTUAL);
          }
        });
  }

  /** Announces the connection to its target and waits for the target's stream. */
  private CompletableFuture<ByteStream> dial(
      Link link,
      Map<String, String> options,
      Map<String, String> untrustedMetadata,
      Optional<String> socketPath) {
    Request request = link.request();
    try {
      Session target =
          registry
              .session(link.target())
              .orElseThrow(() ->
                  new ConnectException(
                      Reason.UNREACHABLE, "no agent of " + link.target() + " is there"));
      ServiceDescription service =
          target
              .service(request.service())
              .orElseThrow(() ->
                  new ConnectException(
                      Reason.NOT_OFFERED, link.target() + " offers no " + request.service()));
      Metadata metadata = MetadataCheck.check(service, untrustedMetadata);
      if (service.carriage() == Carriage.BYTES) {
        countToTarget(link);
      }
      target.bind(link);
      Tickets.Ticket ticket = tickets.issue(target, link, limits.arrival());
      target
          .endpoint()
          .announce(
              new Announcement(
                  link.id(),
                  ticket.token(),
                  request.service(),
                  request.argument(),
                  request.source(),
                  options,
                  metadata,
                  socketPath));
      return holdOnArrival(link, ticket);
    } catch (ConnectException e) {
      link.end(Ending.failed(e));
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Streams with handles are counted by who mediates them: a display has many from one guest. */
  private void countToTarget(Link link) throws ConnectException {
    Optional<Usage> usage = registry.usage(link.request().source());
    if (usage.isPresent()) {
      String target = link.target();
      usage.get().openTo(target);
      link.onEnd(how -> usage.get().closeTo(target));
    }
  }

  /** Tells the caller that the way is free, and waits for the caller's stream. */
  private void grant(
      Session source, Link link, CompletableFuture<Grant> answer, Consumer<ByteStream> flow) {
    if (!link.advance(Stage.GRANTED)) {
      return;
    }
    Tickets.Ticket ticket = tickets.issue(source, link, limits.arrival());
    holdOnArrival(link, ticket)
        .thenAccept(stream -> {
          if (open(link)) {
            link.guarded(() -> flow.accept(stream));
          }
        });
    answer.completeAsync(() -> new Grant(ticket.token(), link), VIRTUAL);
  }

  private static CompletableFuture<ByteStream> holdOnArrival(Link link, Tickets.Ticket ticket) {
    return ticket
        .arrival()
        .whenComplete((stream, failure) -> {
          if (stream != null) {
            link.hold(stream);
          } else {
            link.end(Ending.failed(failureOf(failure)));
          }
        });
  }

  private boolean open(Link link) {
    return link.advance(
        Stage.OPEN, () -> registry.tell(link.event(ConnectionEvent.Kind.OPENED, "open")));
  }

  private void serve(
      Link link, Offers.Offer offer, Decision decision, Metadata metadata, ByteStream stream) {
    ByteStream source = offerEnd(link, stream, true);
    Incoming incoming =
        new Incoming(
            link,
            decision.options(),
            metadata,
            new Incoming.Target() {
              @Override
              public CompletableFuture<ByteStream> dial(
                  Map<String, String> values, Optional<String> socketPath) {
                return Calls.this
                    .dial(link, decision.options(), values, socketPath)
                    .thenApply(target -> offerEnd(link, target, false));
              }

              @Override
              public CompletableFuture<ByteStream> dialBeside() {
                CompletableFuture<ByteStream> answer = new CompletableFuture<>();
                admission.arriveBeside(
                    link,
                    decision,
                    answer,
                    beside -> dialForHost(beside, decision, Map.of(), answer));
                return answer;
              }
            });
    Thread.ofVirtual()
        .name("connection-" + link.id() + "-" + link.request().service())
        .start(() -> {
          try {
            offer.service().serve(incoming, source);
            link.end(Ending.orderly("the service is done"));
          } catch (Exception | Error e) {
            link.end(Ending.failed(Reason.ENDED, "the service failed: " + e));
          }
        });
  }

  private static ByteStream offerEnd(Link link, ByteStream stream, boolean isSource) {
    return new HostEnd(
        stream,
        isSource ? link::countForward : bytes -> {},
        isSource ? link::countBackward : bytes -> {},
        () -> {},
        () -> link.reset("a side was reset"));
  }

  private static ConnectException failureOf(Throwable failure) {
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    return cause instanceof ConnectException refused
        ? refused
        : new ConnectException(Reason.ENDED, String.valueOf(cause));
  }

  /** Whoever waits is answered on a thread of its own, so that nobody here waits for it. */
  static void fail(CompletableFuture<?> answer, ConnectException why) {
    if (!answer.isDone()) {
      VIRTUAL.execute(() -> answer.completeExceptionally(why));
    }
  }
}
