package org.lodge.vhostuser.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodge.linux.Epoll;
import org.lodge.linux.LinuxException;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendException;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.vhostuser.BackendStatus;
import org.lodge.vhostuser.BackendStatus.Link;
import org.lodge.vhostuser.Takeover;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One device that is served: its control thread, which reads the front-end's messages and does all
 * that changes the device, and its queue thread, which serves requests. The one is never waited for
 * by another guest's.
 */
final class Engine implements Backend {
  private static final Logger log = LoggerFactory.getLogger(Engine.class);
  private static final int CONNECTION = 1;
  private static final int LISTENER = 2;
  private static final int WAKE = 3;

  /** A device that finishes what it has takes seconds; one that does not end in this never will. */
  private static final long END_LIMIT_SECONDS = 30;

  final BackendSpec spec;
  private final Watcher watcher;
  private final Epoll epoll;
  private final Actor actor;
  private final Parts parts;
  private final Succession succession;
  private final Thread thread;
  private volatile boolean ended;
  private volatile String trouble;
  private volatile boolean ending;

  /** Takes over the parts; they are this engine's to close. */
  Engine(BackendSpec spec, Factories factories, Watcher watcher, Actor actor, Parts parts)
      throws LinuxException {
    this.spec = spec;
    this.watcher = watcher;
    this.actor = actor;
    this.parts = parts;
    succession = new Succession(spec.type(), factories, parts.logic, parts.frontEnd.vrings);
    epoll = Epoll.create();
    epoll.add(actor.wake(), Epoll.READABLE, WAKE);
    epoll.add(parts.listener.fd(), Epoll.READABLE, LISTENER);
    if (parts.session != null) {
      epoll.add(parts.session.socket(), Epoll.READABLE, CONNECTION);
    }
    thread =
        Thread.ofPlatform()
            .daemon()
            .name("lodge-vhost-" + spec.guest() + "-" + spec.device())
            .unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  private void run() {
    MDC.put("guest", spec.guest());
    MDC.put("device", spec.device());
    try {
      while (!ending) {
        int count = epoll.await(-1);
        turn(count);
      }
    } catch (LinuxException e) {
      log.error("The control thread has ended; the device is not served any more", e);
    } finally {
      actor.end();
      epoll.close();
      ended = true;
    }
  }

  private void turn(int count) throws LinuxException {
    try {
      // The connection first: an end that is still unread must not make a newcomer the second.
      if (has(count, CONNECTION) || mayHaveMore()) {
        readMessages();
      }
      if (has(count, LISTENER) && !ending && !mayHaveMore()) {
        accept();
      }
      actor.runAll();
    } catch (InternalError e) {
      // An access to memory whose file was truncated may be reported late, anywhere on the thread.
      log.warn("Guest memory is gone: its file was truncated");
    }
  }

  private boolean mayHaveMore() {
    Session session = parts.session;
    return session != null && session.mayHaveMore();
  }

  private boolean has(int count, int token) {
    for (int i = 0; i < count; i++) {
      if (epoll.token(i) == token) {
        return true;
      }
    }
    return false;
  }

  private Link link() {
    if (ended) {
      return Link.CLOSED;
    }
    if (parts.session == null) {
      return Link.LISTENING;
    }
    return parts.frontEnd.vrings.anyOpen() ? Link.RUNNING : Link.CONNECTED;
  }

  private void accept() throws LinuxException {
    var socket = parts.listener.fd().accept();
    if (parts.session != null) {
      log.warn("A second monitor has connected to {} and is turned away", spec.socket());
      socket.close();
      return;
    }
    parts.session = Session.begin(socket, parts);
    trouble = null;
    epoll.add(socket, Epoll.READABLE, CONNECTION);
    log.debug("A monitor has connected");
  }

  private void readMessages() throws LinuxException {
    Session session = parts.session;
    try {
      if (session.waits()) {
        // Nothing is watched for but this.
        throw DisconnectedException.ended();
      }
      StateTransfer moving = session.readSome();
      if (moving != null) {
        epoll.change(session.socket(), Epoll.HANGUP, CONNECTION);
        moving.whenEnded(() -> actor.submit(() -> readOn(session)));
      }
    } catch (DisconnectedException e) {
      if (e.orderly()) {
        log.info("The monitor has closed the connection");
      } else {
        trouble("the connection to the monitor was ended: " + e.getMessage());
      }
      epoll.remove(session.socket());
      session.end();
      parts.session = null;
    }
  }

  /** What the connection waited for has ended. On the control thread. */
  private Void readOn(Session session) throws LinuxException {
    if (parts.session == session) {
      epoll.change(session.socket(), Epoll.READABLE, CONNECTION);
      readMessages();
    }
    return null;
  }

  /** A ring is served no more. On the control thread. */
  void ringBroken(Vring vring, String sentence) {
    vring.trouble = sentence;
    tell(sentence);
  }

  /** A device that was waited for in vain is back. On the control thread. */
  void cameBack() {
    parts.logic.cameBack(parts.frontEnd.vrings.open());
    parts.frontEnd.vrings.openWaiting();
  }

  /** The device says that it can't go on. On the control thread. */
  void deviceBroken(String reason) {
    List<Vring> open = parts.frontEnd.vrings.open();
    for (Vring vring : open) {
      vring.ring.fail();
      vring.trouble = reason;
      vring.signalError();
    }
    if (open.isEmpty()) {
      trouble = reason;
    }
    tell(reason);
  }

  /** On the control thread. */
  void configurationChanged() {
    parts.frontEnd.device.configurationChanged();
  }

  private void trouble(String sentence) {
    trouble = sentence;
    tell(sentence);
  }

  private void tell(String sentence) {
    log.warn("{}", sentence);
    watcher.trouble(this, sentence);
  }

  /**
   * The choice of factories has changed: lets the best take over.
   *
   * @return when that has been done or refused
   */
  CompletableFuture<Void> reconsider() {
    return actor.submit(() -> {
      succession.reconsider().ifPresent(this::tell);
      parts.frontEnd.vrings.openWaiting();
      return null;
    });
  }

  private void tell(Takeover takeover) {
    if (takeover.taken()) {
      log.info("'{}' now serves after {} µs", takeover.to(), takeover.pauseMicros());
      trouble = null;
      configurationChanged();
    } else {
      log.warn(
          "'{}' can't take over, '{}' goes on: {}",
          takeover.to(),
          takeover.from(),
          takeover.reason());
    }
    watcher.takeover(this, takeover);
  }

  @Override
  public BackendSpec spec() {
    return spec;
  }

  @Override
  public BackendStatus status() {
    Hosted device = parts.logic.device();
    return new BackendStatus(
        link(),
        Optional.ofNullable(device).map(each -> each.model.version().toString()),
        parts.frontEnd.negotiated.features,
        parts.frontEnd.vrings.status(),
        device == null ? List.of() : device.counters(),
        troubleOf(device),
        succession.count(),
        succession.last());
  }

  private Optional<String> troubleOf(Hosted device) {
    if (device == null && !ended) {
      String refusals = succession.refusals();
      return Optional.of(
          refusals.isEmpty()
              ? "no device logic of type '%s' is deployed".formatted(spec.type())
              : "no device logic of type '%s' can go on: %s".formatted(spec.type(), refusals));
    }
    Optional<String> own =
        parts
            .logic
            .stuck()
            .or(() -> Optional.ofNullable(trouble))
            .or(parts.frontEnd.vrings::trouble);
    return own.isPresent() || device == null ? own : device.trouble();
  }

  @Override
  public Map<String, String> controls() {
    Hosted device = parts.logic.device();
    return device == null ? Map.of() : device.controls();
  }

  @Override
  public String control(String command, Map<String, Object> arguments) throws BackendException {
    return await(
        "control",
        () -> {
          Hosted device = parts.logic.device();
          if (device == null) {
            throw new DeviceException("control", troubleOf(null).orElse("it is closed"));
          }
          return device.control(command, new DeviceConfig(spec.guest(), spec.device(), arguments));
        });
  }

  @Override
  public void expectPause(boolean expected) throws BackendException {
    await(
        "pause",
        () -> {
          parts.logic.expectPause(expected, parts.frontEnd.vrings.anyOpen());
          return null;
        });
  }

  private <T> T await(String stage, Callable<T> task) throws BackendException {
    try {
      return actor.submit(task).get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new BackendException(
          cause instanceof DeviceException device ? device.stage() : stage,
          "guest '%s', device '%s': %s".formatted(spec.guest(), spec.device(), words(cause)),
          cause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BackendException(stage, "interrupted", e);
    }
  }

  private static String words(Throwable cause) {
    return cause instanceof DeviceException ? cause.getMessage() : "it has failed: " + cause;
  }

  @Override
  public void close() {
    end(() -> {
      parts.drop();
      try {
        Files.deleteIfExists(spec.socket());
      } catch (IOException e) {
        log.warn("{} could not be removed: {}", spec.socket(), e.toString());
      }
    });
  }

  /** Frees threads that the front-end holds. Any thread may do it, and none waits in it. */
  void freeHeld() {
    if (parts.frontEnd.vrings.freeHeld()) {
      actor.submit(() -> {
        trouble("its monitor has made calls block, and is not called until it connects again");
        return null;
      });
    }
  }

  /** Leaves all with the service manager, as this process is about to end in order. */
  void handOver() {
    end(parts::handOver);
  }

  private void end(Runnable last) {
    try {
      actor
          .submit(() -> {
            last.run();
            ending = true;
            return null;
          })
          .get(END_LIMIT_SECONDS, TimeUnit.SECONDS);
      thread.join(Duration.ofSeconds(5));
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof IllegalStateException)) {
        log.error("{}/{} did not end in order", spec.guest(), spec.device(), e.getCause());
      }
    } catch (TimeoutException e) {
      log.error(
          "{}/{} has not ended after {} s and is left behind",
          spec.guest(),
          spec.device(),
          END_LIMIT_SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    watcher.closed(this);
  }
}
