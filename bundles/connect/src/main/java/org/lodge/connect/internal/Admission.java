package org.lodge.connect.internal;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.lodge.connect.Call;
import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Connection.Stage;
import org.lodge.connect.ConnectionEvent;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.Request;
import org.lodge.policy.Rule;

/**
 * Whether a call may be: limits, spelling, the policy, and the person whom the policy may want
 * asked. Every decision becomes a line of the audit.
 */
final class Admission {
  private final Rulebook rulebook;
  private final Limits limits;
  private final Registry registry;
  private final Asks asks;
  private final Audit audit = new Audit();

  Admission(Rulebook rulebook, Limits limits, Registry registry, Asks asks) {
    this.rulebook = rulebook;
    this.limits = limits;
    this.registry = registry;
    this.asks = asks;
  }

  /**
   * Limits and spelling: what fails here never becomes a connection.
   *
   * @param answer failed with the reason if no connection comes of it
   * @param allowed goes on from here, at once or when a person has said yes
   * @param bind makes the connection end with its caller
   */
  void arrive(
      String source,
      Call call,
      CompletableFuture<?> answer,
      BiConsumer<Link, Decision> allowed,
      Consumer<Link> bind) {
    Optional<Usage> usage = registry.usage(source);
    Link link;
    try {
      if (usage.isPresent()) {
        usage.get().call();
      }
      Request request =
          new Request(
              call.untrustedService(), call.untrustedArgument(), source, call.untrustedTarget());
      if (usage.isPresent()) {
        usage.get().openConnection();
      }
      link = registry.newLink(request);
    } catch (IllegalArgumentException e) {
      refused(usage, source, "spelling", e.getMessage());
      Calls.fail(answer, new ConnectException(Reason.BAD_REQUEST, e.getMessage()));
      return;
    } catch (ConnectException e) {
      refused(usage, source, "limit", e.getMessage());
      Calls.fail(answer, e);
      return;
    }
    usage.ifPresent(used -> link.onEnd(how -> used.closeConnection()));
    link.onEnd(how -> Calls.fail(answer, how.exception()));
    bind.accept(link);
    link.guarded(() -> decided(link, rulebook.decide(link.request()), "rule", allowed));
  }

  /** One more connection by a decision that stands, which only limits can refuse. */
  void arriveBeside(
      Link first, Decision decision, CompletableFuture<?> answer, Consumer<Link> allowed) {
    Optional<Usage> usage = registry.usage(first.request().source());
    try {
      if (usage.isPresent()) {
        usage.get().openConnection();
      }
    } catch (ConnectException e) {
      refused(usage, first.request().source(), "limit", e.getMessage());
      Calls.fail(answer, e);
      return;
    }
    Link link = registry.newLink(first.request());
    usage.ifPresent(used -> link.onEnd(how -> used.closeConnection()));
    link.onEnd(how -> Calls.fail(answer, how.exception()));
    link.guarded(() ->
        decided(link, decision, "connection-" + first.id(), (made, by) -> allowed.accept(made)));
  }

  /** A guest may be refused as often as it likes, and is not to push older lines out by that. */
  private void refused(Optional<Usage> usage, String source, String by, String why) {
    long count = usage.map(Usage::refused).orElse(1L);
    if (count > 0) {
      audit.refused(source, by, count, why);
    }
  }

  private void decided(
      Link link, Decision decision, String by, BiConsumer<Link, Decision> allowed) {
    boolean denied = decision.action() == Action.DENY;
    long count = denied ? registry.usage(link.request().source()).map(Usage::denied).orElse(1L) : 1;
    if (count > 0) {
      audit.decided(link, decision, by, count);
    }
    if (link.stage() == Stage.DECIDING && decision.action() != Action.DENY) {
      link.onEnd(how -> {
        audit.ended(link, how.why());
        registry.tell(link.event(ConnectionEvent.Kind.ENDED, how.why()));
      });
    }
    switch (decision.action()) {
      case DENY -> {
        registry.tell(link.event(ConnectionEvent.Kind.DENIED, decision.explanation()));
        Reason reason = by.equals(Asks.TIMEOUT) ? Reason.TIMEOUT : Reason.DENIED;
        link.end(Ending.failed(reason, decision.explanation()));
      }
      case ASK -> ask(link, decision, allowed);
      case ALLOW -> {
        link.decidedOn(decision.target());
        if (link.advance(Stage.CONNECTING)) {
          allowed.accept(link, decision);
        }
      }
    }
  }

  private void ask(Link link, Decision decision, BiConsumer<Link, Decision> allowed) {
    Request request = link.request();
    Optional<Usage> usage = registry.usage(request.source());
    try {
      if (usage.isPresent()) {
        usage.get().openAsk();
        link.onEnd(how -> usage.get().closeAsk());
      }
    } catch (ConnectException e) {
      refused(usage, request.source(), "limit", e.getMessage());
      link.end(Ending.failed(e));
      return;
    }
    Duration limit =
        Optional.ofNullable(decision.options().get(Rule.TIMEOUT_SECONDS))
            .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)))
            .orElse(limits.ask());
    link.advance(
        Stage.ASKING,
        () -> registry.tell(link.event(ConnectionEvent.Kind.ASKED, decision.explanation())));
    asks.park(
        link,
        decision,
        limit,
        target -> rulebook.answer(request, target),
        (answer, by) -> link.guarded(() -> decided(link, answer, by, allowed)));
  }
}
