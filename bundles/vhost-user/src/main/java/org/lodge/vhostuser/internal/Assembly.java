package org.lodge.vhostuser.internal;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.ServiceManager;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.vhostuser.BackendException;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.ring.Rings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts a backend together: from what the service manager has kept of it, or from nothing where that
 * is not there or not usable.
 */
final class Assembly {
  private static final Logger log = LoggerFactory.getLogger(Assembly.class);

  private final BackendSpec spec;
  private final Rings rings;
  private final ServiceManager manager;
  private final Factories factories;
  private final Watcher watcher;
  private final Duration drainLimit;
  private final Hosts hosts;
  private Actor actor;
  private final AtomicReference<Engine> engine = new AtomicReference<>();

  Assembly(
      BackendSpec spec,
      Rings rings,
      ServiceManager manager,
      Factories factories,
      Watcher watcher,
      Duration drainLimit,
      Patience patience) {
    this.spec = spec;
    this.rings = rings;
    this.manager = manager;
    this.factories = factories;
    this.watcher = watcher;
    this.drainLimit = drainLimit;
    hosts = new Hosts(new DeviceConfig(spec.guest(), spec.device(), spec.config()), patience);
  }

  Engine assemble() throws BackendException {
    Model model = model();
    try {
      hosts.check(model);
      DescriptorStore store = new DescriptorStore(manager, spec.guest(), spec.device());
      Parts parts = store.hasInherited() ? restored(store, model) : null;
      if (parts == null) {
        parts = fresh(store, model);
      }
      Engine made = new Engine(spec, factories, watcher, actor, parts);
      engine.set(made);
      return made;
    } catch (DeviceException e) {
      throw failure(e.stage(), e);
    } catch (IOException e) {
      throw failure("listen", e);
    } catch (RuntimeException | Error e) {
      throw failure("create", new DeviceException("create", model + " has failed: " + e, e));
    }
  }

  private Model model() throws BackendException {
    Optional<Model> best = factories.best(spec.type(), any -> true);
    if (best.isEmpty()) {
      throw failure(
          "type",
          new DeviceException(
              "type",
              "no device type '%s' is deployed; known are %s"
                  .formatted(spec.type(), String.join(", ", factories.types()))));
    }
    return best.get();
  }

  private BackendException failure(String stage, Exception cause) {
    return new BackendException(
        stage,
        "guest '%s', device '%s': %s".formatted(spec.guest(), spec.device(), cause.getMessage()),
        cause);
  }

  private Parts fresh(DescriptorStore store, Model model) throws DeviceException, IOException {
    Parts parts = parts(store, model, null);
    try {
      parts.listener = Held.of("listener", UnixListener.bind(spec.socket()), store);
      if (store.isActive()) {
        parts.record = StateRecord.create(store);
        parts.record.write(Persistence.write(parts.frontEnd, "", null, null), false);
      }
      return parts;
    } catch (IOException e) {
      parts.drop();
      throw e;
    }
  }

  /** Null where what was kept can't be used; it is dropped then. */
  private Parts restored(DescriptorStore store, Model model) {
    Parts parts = null;
    StateRecord record = null;
    try {
      record = StateRecord.restore(inherited("record", store));
      JsonObject state = record.read();
      Persistence.requireReadable(state);
      parts = parts(store, model, Persistence.device(state));
      parts.record = record;
      Held<Fd> listener = inherited("listener", store);
      parts.listener = new Held<>(UnixListener.adopt(listener.fd()), listener.name(), store);
      Persistence.restore(state, parts.frontEnd, rings, store);
      // Before the rings open: what they do next makes the state an old one.
      record.write(Persistence.withoutDevice(state), record.replyDue());
      parts.frontEnd.restored();
      restoreSession(parts, state.getString("connection"));
      log.info(
          "{}/{} goes on where it was, with {} rings",
          spec.guest(),
          spec.device(),
          parts.frontEnd.vrings.open().size());
      store.dropRest();
      return parts;
    } catch (IOException | RefusedException | DeviceException e) {
      giveUp(parts, record, store, e.getMessage());
    } catch (RuntimeException | Error e) {
      // A record that says something else than was meant, a device's fault, memory that has gone.
      giveUp(parts, record, store, e.toString());
    }
    return null;
  }

  private void giveUp(Parts parts, StateRecord record, DescriptorStore store, String why) {
    log.error(
        "{}/{} can't go on where it was, its monitor must connect again: {}",
        spec.guest(),
        spec.device(),
        why);
    if (parts != null) {
      parts.frontEnd.reset();
      parts.drop();
    } else if (record != null) {
      record.drop();
    }
    store.dropInherited();
  }

  private static Held<Fd> inherited(String role, DescriptorStore store) throws LinuxException {
    Map.Entry<String, Fd> kept = store.takeRole(role);
    if (kept == null) {
      throw new LinuxException("restore", LinuxException.ENOENT, "the " + role + " was not kept");
    }
    return new Held<>(kept.getValue(), kept.getKey(), store);
  }

  private void restoreSession(Parts parts, String name) throws LinuxException {
    if (name.isEmpty()) {
      return;
    }
    UnixStreamSocket socket = UnixStreamSocket.adopt(parts.store.take(name));
    Held<UnixStreamSocket> held = new Held<>(socket, name, parts.store);
    try {
      parts.session = Session.restore(held, parts);
    } catch (DisconnectedException e) {
      log.info("The monitor has closed the connection meanwhile");
      held.drop();
      parts.frontEnd.reset();
      parts.record.write(Persistence.write(parts.frontEnd, "", null, null), false);
      parts.frontEnd.recorded();
    }
  }

  private Parts parts(DescriptorStore store, Model model, DeviceState state)
      throws DeviceException, LinuxException {
    String name = spec.guest() + "-" + spec.device();
    actor = new Actor(EventFd.create());
    QueueThread queueThread =
        new QueueThread(
            spec.guest(),
            spec.device(),
            new QueueThread.Events() {
              @Override
              public void ringBroken(Vring vring, String sentence) {
                later(each -> each.ringBroken(vring, sentence));
                vring.signalError();
              }

              @Override
              public void cameBack() {
                later(Engine::cameBack);
              }
            });
    Logic logic = new Logic(hosts, this::later, queueThread, drainLimit);
    boolean complete = false;
    try {
      logic.begin(model, state);
      Negotiated negotiated = new Negotiated(new MemoryTable(rings));
      int queues = logic.device().queueCount;
      VringSet vrings = new VringSet(queues, rings, logic, queueThread, store, negotiated);
      DeviceMessages device = new DeviceMessages(negotiated, logic, vrings, rings, store, name);
      FrontEnd frontEnd = new FrontEnd(negotiated, logic, vrings, device, store, spec.withheld());
      complete = true;
      return new Parts(store, queueThread, logic, frontEnd);
    } finally {
      if (!complete) {
        queueThread.stop();
        actor.end();
      }
    }
  }

  /** Does something on the control thread once the engine is there. */
  private void later(Consumer<Engine> action) {
    actor.submit(() -> {
      action.accept(engine.get());
      return null;
    });
  }
}
