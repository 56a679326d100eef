package org.lodge.connect.internal;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.lodge.connect.Ask;
import org.lodge.policy.Action;
import org.lodge.policy.Decision;
import org.lodge.policy.Request;
import org.lodge.policy.Rule;

/** Requests that wait for a person. Each is answered exactly once: yes, no, or by time. */
final class Asks {
  /** Hears the one answer. */
  @FunctionalInterface
  interface Answered {
    void answered(Decision decision, String by);
  }

  /** Who has decided where nobody did. */
  static final String TIMEOUT = "timeout";

  private final Map<Long, Parked> parked = new ConcurrentHashMap<>();

  /**
   * @param yes what the rules make of a person's pick
   * @param answered called once, unless the link ends before
   */
  void park(
      Link link,
      Decision decision,
      Duration limit,
      Function<String, Decision> yes,
      Answered answered) {
    Parked ask = new Parked(link, decision, Instant.now().plus(limit), yes, answered);
    parked.put(link.id(), ask);
    link.onEnd(how -> ask.leave());
    ask.timer.completeOnTimeout(null, limit.toMillis(), TimeUnit.MILLISECONDS);
    ask.timer.thenRun(
        () -> ask.answer(no(link.request(), decision, "nobody answered in time"), TIMEOUT));
  }

  List<Ask> list() {
    return parked.values().stream()
        .sorted(Comparator.comparingLong(Parked::id))
        .map(Ask.class::cast)
        .toList();
  }

  private static Decision no(Request request, Decision asked, String why) {
    return new Decision(
        Action.DENY,
        asked.rule(),
        request.target(),
        List.of(),
        Map.of(),
        "denied: " + why + "; " + asked.explanation());
  }

  private final class Parked implements Ask {
    private final Link link;
    private final Decision decision;
    private final Instant deadline;
    private final Function<String, Decision> yes;
    private final Answered answered;
    private final CompletableFuture<Void> timer = new CompletableFuture<>();
    private final AtomicBoolean over = new AtomicBoolean();

    Parked(
        Link link,
        Decision decision,
        Instant deadline,
        Function<String, Decision> yes,
        Answered answered) {
      this.link = link;
      this.decision = decision;
      this.deadline = deadline;
      this.yes = yes;
      this.answered = answered;
    }

    private boolean leave() {
      if (!over.compareAndSet(false, true)) {
        return false;
      }
      parked.remove(link.id());
      timer.cancel(false);
      return true;
    }

    private boolean answer(Decision answer, String by) {
      boolean first = leave();
      if (first) {
        answered.answered(answer, by);
      }
      return first;
    }

    @Override
    public Decision allow(String target) {
      if (!decision.candidates().contains(target)) {
        throw new IllegalArgumentException(
            "%s is not one of %s".formatted(target, decision.candidates()));
      }
      Decision answer = yes.apply(target);
      return answer(answer, "person")
          ? answer
          : no(link.request(), decision, "it was decided already, or the caller has gone");
    }

    @Override
    public void deny() {
      answer(no(link.request(), decision, "a person said no"), "person");
    }

    @Override
    public long id() {
      return link.id();
    }

    @Override
    public Request request() {
      return link.request();
    }

    @Override
    public List<String> candidates() {
      return decision.candidates();
    }

    @Override
    public String preferred() {
      return decision.target();
    }

    @Override
    public String rulePlace() {
      return decision.rule().map(Rule::place).orElse("");
    }

    @Override
    public Instant deadline() {
      return deadline;
    }
  }
}
