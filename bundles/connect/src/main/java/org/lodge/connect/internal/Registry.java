package org.lodge.connect.internal;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.ConnectListener;
import org.lodge.connect.ConnectionEvent;
import org.lodge.policy.Party;
import org.lodge.policy.Request;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who and what is there now: sessions, links, offers, listeners, and what each guest costs. */
final class Registry {
  private static final Logger LOG = LoggerFactory.getLogger(Registry.class);

  private final Limits limits;
  private final LongSupplier nanoTime;
  private final AtomicLong lastId = new AtomicLong();
  private final Map<Long, Link> links = new ConcurrentHashMap<>();
  private final Map<Long, Offers.Offer> servedBy = new ConcurrentHashMap<>();
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();
  private final Map<String, Usage> usages = new ConcurrentHashMap<>();
  private final List<ConnectListener> listeners = new CopyOnWriteArrayList<>();
  private final Offers offers = new Offers();
  private volatile boolean closed;

  Registry(Limits limits, LongSupplier nanoTime) {
    this.limits = limits;
    this.nanoTime = nanoTime;
  }

  Offers offers() {
    return offers;
  }

  List<ConnectListener> listeners() {
    return listeners;
  }

  Optional<Session> session(String guest) {
    return Optional.ofNullable(sessions.get(guest));
  }

  Collection<Session> sessions() {
    return sessions.values();
  }

  /** Puts the session in place of the guest's former one, which it returns. */
  Optional<Session> put(Session session) {
    Session former = sessions.put(session.guest(), session);
    if (closed) {
      session.close();
    }
    return Optional.ofNullable(former);
  }

  void remove(Session session) {
    sessions.remove(session.guest(), session);
  }

  /** What the guest costs; empty for the host. */
  Optional<Usage> usage(String source) {
    if (source.equals(Party.HOST)) {
      return Optional.empty();
    }
    return Optional.of(usages.computeIfAbsent(source, name -> new Usage(limits, nanoTime)));
  }

  Link newLink(Request request) {
    Link link = new Link(lastId.incrementAndGet(), request);
    links.put(link.id(), link);
    link.onEnd(how -> {
      links.remove(link.id());
      servedBy.remove(link.id());
    });
    if (closed) {
      link.end(stopping());
    }
    return link;
  }

  List<Link> links() {
    return links.values().stream().sorted(Comparator.comparingLong(Link::id)).toList();
  }

  void serveBy(Link link, Offers.Offer offer) {
    servedBy.put(link.id(), offer);
    if (!offers.contains(offer)) {
      link.end(Ending.failed(Reason.UNREACHABLE, "the service has gone"));
    }
    if (link.stage() == Link.Stage.ENDED) {
      servedBy.remove(link.id());
    }
  }

  void endOrphans() {
    servedBy.forEach((id, offer) -> {
      Link link = links.get(id);
      if (link != null && !offers.contains(offer)) {
        link.end(Ending.failed(Reason.UNREACHABLE, "the service has gone"));
      }
    });
  }

  void tell(ConnectionEvent event) {
    for (ConnectListener listener : listeners) {
      try {
        listener.event(event);
      } catch (RuntimeException e) {
        LOG.error("A listener of connections failed", e);
      }
    }
  }

  /** Ends everything, and whatever comes from now on. */
  void close() {
    closed = true;
    for (Session session : List.copyOf(sessions.values())) {
      session.close();
      session.endpoint().replaced();
    }
    links().forEach(link -> link.end(stopping()));
  }

  private static Ending stopping() {
    return Ending.failed(Reason.ENDED, "the broker stops");
  }
}
