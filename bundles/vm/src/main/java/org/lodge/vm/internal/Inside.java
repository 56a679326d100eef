package org.lodge.vm.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.ShutdownKind;
import org.lodge.connect.Broker;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What can be asked of a guest from inside, by its agent, and what its end means for others. Each
 * part may be missing for a while: then it is as if the guest had no agent.
 */
@Component(service = Inside.class)
public final class Inside {
  private static final Logger LOG = LoggerFactory.getLogger(Inside.class);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(2);
  private static final String ONLY = "";

  private final Services<Agents> agents = new Services<>();
  private final Services<Broker> brokers = new Services<>();

  @Activate
  public Inside() {}

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void addAgents(Agents service) {
    agents.add(ONLY, service);
  }

  void removeAgents(Agents service) {
    agents.remove(ONLY, service);
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void addBroker(Broker service) {
    brokers.add(ONLY, service);
  }

  void removeBroker(Broker service) {
    brokers.remove(ONLY, service);
  }

  /** Asks the guest to power off in order; blocks. False where no agent has said that it does. */
  boolean powerOff(String guest) {
    Optional<AgentSession> session = agents.now(ONLY).flatMap(all -> all.session(guest));
    if (session.isEmpty()) {
      return false;
    }
    try {
      session.get().shutdown(ShutdownKind.POWER_OFF, ANSWER_LIMIT);
      return true;
    } catch (IOException e) {
      LOG.info("The agent does not shut the guest down: {}", e.getMessage());
      return false;
    }
  }

  /** As {@link DiskUse.Question}; blocks. */
  Optional<String> diskUse(String guest, String serial) throws IOException, InterruptedException {
    Optional<Agents> all = agents.now(ONLY);
    Optional<AgentSession> session = all.flatMap(each -> each.session(guest));
    if (session.isPresent()) {
      return DiskUse.in(session.get(), serial);
    }
    if (all.isPresent() && all.get().isLost(guest)) {
      throw new IOException("its agent has gone");
    }
    return Optional.empty();
  }

  /** The guest's process has ended: nothing that it had open is left. */
  void gone(String guest) {
    agents.now(ONLY).flatMap(all -> all.session(guest)).ifPresent(AgentSession::close);
    brokers.now(ONLY).ifPresent(broker -> broker.guestGone(guest));
  }
}
