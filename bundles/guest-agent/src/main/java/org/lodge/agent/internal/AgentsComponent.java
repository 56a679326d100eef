package org.lodge.agent.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.lodge.agent.AgentCallHandler;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentListener;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.ExitStatus;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockRequest;
import org.lodge.vsock.VsockStream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes all connections of agents, reads what each is for, and gives it to whom it belongs. Who
 * speaks is told by the connection's guest, never by what it says.
 */
@Component(property = VsockListener.PORT + ":Long=" + Wire.PORT)
public final class AgentsComponent implements Agents, VsockListener {
  private static final Logger LOG = LoggerFactory.getLogger(AgentsComponent.class);
  private static final long PREFACE_SECONDS = 10;

  private final Set<String> lost = ConcurrentHashMap.newKeySet();
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();
  private final List<AgentListener> listeners = new CopyOnWriteArrayList<>();
  private final Object arrivals = new Object();
  private final Statuses statuses = new Statuses();
  private final Seldom comings = new Seldom(System::nanoTime);
  private final Seldom strangers = new Seldom(System::nanoTime);

  /** Held while listeners come and are told, so that none misses a session or hears of it twice. */
  private final Object news = new Object();

  private final ScheduledThreadPoolExecutor timer;
  private volatile AgentCallHandler callHandler;

  @Activate
  public AgentsComponent() {
    timer =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("agent-timer").unstarted(task));
    timer.setRemoveOnCancelPolicy(true);
  }

  @Deactivate
  public void deactivate() {
    sessions.values().forEach(Session::close);
    timer.shutdownNow();
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  public void addListener(AgentListener listener) {
    synchronized (news) {
      listeners.add(listener);
      for (Session session : sessions.values()) {
        tell(listener, each -> each.connected(session));
        if (session.ready) {
          tell(listener, each -> each.ready(session.guest()));
        }
      }
    }
  }

  public void removeListener(AgentListener listener) {
    listeners.remove(listener);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void setCallHandler(AgentCallHandler handler) {
    callHandler = handler;
  }

  public void unsetCallHandler(AgentCallHandler handler) {
    if (callHandler == handler) {
      callHandler = null;
    }
  }

  @Override
  public void requested(VsockRequest request) throws IOException {
    VsockStream stream = request.accept();
    Future<?> limit = timer.schedule(stream::reset, PREFACE_SECONDS, TimeUnit.SECONDS);
    try {
      Wire.Preface preface = Wire.readPreface(stream);
      requireAgent(preface.kind(), stream);
      switch (preface.kind()) {
        case Wire.MAIN -> {
          Session session =
              new Session(stream, Wire.hello(stream, Wire.readMessage(stream)), timer);
          limit.cancel(false);
          serve(session);
        }
        case Wire.ANNOUNCED -> {
          limit.cancel(false);
          announced(preface.token(), stream);
        }
        case Wire.CALL -> {
          limit.cancel(false);
          call(new Call(stream, preface, statuses));
        }
        case Wire.READY -> {
          limit.cancel(false);
          ready(stream);
        }
        case Wire.STATUS -> {
          limit.cancel(false);
          status(preface.token(), stream);
        }
        default -> throw Wire.bad(stream, "a connection of kind " + preface.kind());
      }
    } catch (IOException e) {
      LOG.debug("An agent's connection ended", e);
      stream.reset();
    } finally {
      limit.cancel(false);
    }
  }

  /** Any user of a guest can dial, and is not to become its agent or to speak for it. */
  private void requireAgent(int kind, VsockStream stream) throws IOException {
    if ((kind == Wire.MAIN || kind == Wire.READY) && !Wire.isRoots(stream.guestPort())) {
      long times = strangers.note(stream.guest());
      if (times > 0) {
        LOG.warn(
            "Guest '{}': refused who says to be its agent from port {} ({} times): a program that is"
                + " not root's, or an agent older than this Lodge, until the guest starts anew",
            stream.guest(),
            stream.guestPort(),
            times);
      }
      throw Wire.bad(stream, "it is not root who says to be its agent");
    }
  }

  private void serve(Session session) throws IOException {
    String guest = session.guest();
    synchronized (news) {
      Session former = sessions.put(guest, session);
      if (former != null) {
        former.close();
      }
      lost.remove(guest);
      tell(listener -> listener.connected(session));
      if (session.ready) {
        tell(listener -> listener.ready(guest));
      }
    }
    synchronized (arrivals) {
      arrivals.notifyAll();
    }
    boolean told = comings.note(guest) > 0;
    if (told) {
      LOG.info("Guest '{}': agent {} is there", guest, session.info().version());
    }
    try {
      session.channel().run();
    } finally {
      synchronized (news) {
        if (sessions.remove(guest, session)) {
          lost.add(guest);
        }
        tell(listener -> listener.disconnected(session));
      }
      if (told) {
        LOG.info("Guest '{}': the agent has gone", guest);
      }
    }
  }

  private void announced(long token, VsockStream stream) {
    Session session = sessions.get(stream.guest());
    if (session == null || !session.channel().announced(token, stream)) {
      stream.reset();
    }
  }

  private void call(Call call) {
    AgentCallHandler handler = callHandler;
    try {
      if (handler != null && !call.service().isEmpty() && !call.target().isEmpty()) {
        handler.called(call);
      }
    } catch (IOException e) {
      LOG.debug("A call of guest '{}' ended", call.guest(), e);
    } catch (Exception e) {
      LOG.warn("A call of guest '{}' failed: {}", call.guest(), e.toString());
    } finally {
      call.refuse("nobody answers this call");
    }
  }

  private void ready(VsockStream stream) throws IOException {
    synchronized (news) {
      Session session = sessions.get(stream.guest());
      boolean known = session != null && session.ready;
      if (session != null) {
        session.ready = true;
      }
      if (!known) {
        tell(listener -> listener.ready(stream.guest()));
      }
    }
    stream.write(Wire.reply(0, ""));
    stream.close();
  }

  private void status(long token, VsockStream stream) throws IOException {
    CompletableFuture<ExitStatus> outcome = statuses.take(stream.guest(), token);
    try {
      stream.write(
          outcome == null
              ? Wire.reply(Wire.ENOENT, "no call of this guest has this number")
              : Wire.reply(0, Integer.toString(outcome.get().shellCode())));
    } catch (ExecutionException e) {
      stream.write(Wire.reply(Wire.ECONNRESET, "the other guest or its agent has gone"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    stream.close();
  }

  private void tell(Consumer<AgentListener> what) {
    listeners.forEach(listener -> tell(listener, what));
  }

  private static void tell(AgentListener listener, Consumer<AgentListener> what) {
    try {
      what.accept(listener);
    } catch (RuntimeException e) {
      LOG.warn("A listener of agents failed", e);
    }
  }

  @Override
  public Optional<AgentSession> session(String guest) {
    return Optional.ofNullable(sessions.get(guest))
        .filter(Session::isOpen)
        .map(AgentSession.class::cast);
  }

  @Override
  public AgentSession await(String guest, Duration limit) throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    synchronized (arrivals) {
      while (true) {
        Optional<AgentSession> session = session(guest);
        if (session.isPresent()) {
          return session.get();
        }
        long leftMillis = (deadline - System.nanoTime() + 999_999) / 1_000_000;
        if (leftMillis <= 0) {
          throw new AgentException(
              "guest '%s': no agent has connected within %d ms; is it in the image?"
                  .formatted(guest, limit.toMillis()));
        }
        try {
          arrivals.wait(leftMillis);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("waiting for guest '%s'".formatted(guest));
        }
      }
    }
  }

  @Override
  public List<AgentSession> sessions() {
    return List.copyOf(sessions.values());
  }

  @Override
  public boolean isReady(String guest) {
    Session session = sessions.get(guest);
    return session != null && session.ready;
  }

  @Override
  public boolean isLost(String guest) {
    return lost.contains(guest);
  }

  @Override
  public InputStream program() throws IOException {
    InputStream program = AgentsComponent.class.getResourceAsStream("lodge-agent");
    if (program == null) {
      throw new IOException("this bundle was built without the agent's program");
    }
    return program;
  }
}
