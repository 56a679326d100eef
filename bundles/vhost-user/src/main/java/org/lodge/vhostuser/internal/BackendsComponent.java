package org.lodge.vhostuser.internal;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.linux.ServiceManager;
import org.lodge.linux.ServiceManager.StoredFd;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendException;
import org.lodge.vhostuser.BackendListener;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.vhostuser.Takeover;
import org.lodge.vhostuser.VhostUserBackends;
import org.lodge.virtio.DeviceFactory;
import org.lodge.virtio.ring.Rings;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All backends, and the whiteboard of device factories that they are served with. */
@Component
public final class BackendsComponent implements VhostUserBackends {
  private static final Logger log = LoggerFactory.getLogger(BackendsComponent.class);
  private static final Duration DRAIN_LIMIT = Duration.ofSeconds(3);
  private static final long TAKEOVER_LIMIT_SECONDS = 10;

  private static final Executor SOON =
      CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS, Runnable::run);

  private final Rings rings;
  private final ServiceManager manager;
  private final Patience patience;
  private final Duration drainLimit;
  private final Factories factories = new Factories();
  private final List<Engine> engines = new CopyOnWriteArrayList<>();

  /** What is being opened, as guest and device: its logic may take long, and others don't wait. */
  private final Set<Map.Entry<String, String>> opening = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean freeing = new AtomicBoolean();
  private final List<BackendListener> listeners = new CopyOnWriteArrayList<>();

  @Activate
  public BackendsComponent(@Reference Rings rings, @Reference ServiceManager manager) {
    this(rings, manager, Patience.BY_THE_CLOCK, DRAIN_LIMIT);
  }

  BackendsComponent(Rings rings, ServiceManager manager, Patience patience, Duration drainLimit) {
    this.rings = rings;
    this.manager = manager;
    this.patience = patience;
    this.drainLimit = drainLimit;
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  public void addFactory(DeviceFactory factory, Map<String, Object> properties) {
    add(factory, properties);
  }

  /**
   * Whoever deploys does not wait for the backends, as it may have more to deploy.
   *
   * @return when each backend has chosen
   */
  CompletableFuture<Void> add(DeviceFactory factory, Map<String, Object> properties) {
    Model model = factories.add(factory, properties);
    if (model == null) {
      return CompletableFuture.completedFuture(null);
    }
    log.debug("Device type {} can be served", model);
    return reconsider(model.type())
        .whenComplete((done, failure) -> {
          if (failure != null) {
            log.error("A device of type '{}' could not choose its logic", model.type(), failure);
          }
        });
  }

  /** Returns when each backend has chosen, because a bundle's code must not run after its stop. */
  public void removeFactory(DeviceFactory factory) {
    Model model = factories.remove(factory);
    if (model != null) {
      await(reconsider(model.type()), model.type());
    }
  }

  private CompletableFuture<Void> reconsider(String type) {
    return CompletableFuture.allOf(
        engines.stream()
            .filter(engine -> engine.spec.type().equals(type))
            .map(Engine::reconsider)
            .toArray(CompletableFuture[]::new));
  }

  private static void await(CompletableFuture<Void> choices, String type) {
    try {
      choices.get(TAKEOVER_LIMIT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      log.error("A device of type '{}' could not choose its logic", type, e.getCause());
    } catch (TimeoutException e) {
      log.error("A device of type '{}' still takes over; the change goes on", type);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  public void addListener(BackendListener listener) {
    listeners.add(listener);
  }

  public void removeListener(BackendListener listener) {
    listeners.remove(listener);
  }

  @Override
  public Backend open(BackendSpec spec) throws BackendException {
    Map.Entry<String, String> name = Map.entry(spec.guest(), spec.device());
    if (!opening.add(name)) {
      throw already(spec);
    }
    try {
      if (find(spec.guest(), spec.device()).isPresent()) {
        throw already(spec);
      }
      return openAlone(spec);
    } finally {
      opening.remove(name);
    }
  }

  private static BackendException already(BackendSpec spec) {
    return new BackendException(
        "open",
        "guest '%s', device '%s' is open already; close it first"
            .formatted(spec.guest(), spec.device()),
        null);
  }

  private Backend openAlone(BackendSpec spec) throws BackendException {
    Engine engine =
        new Assembly(spec, rings, manager, factories, new Watching(), drainLimit, patience)
            .assemble();
    engines.add(engine);
    engine.start();
    if (freeing.compareAndSet(false, true)) {
      SOON.execute(this::freeHeld);
    }
    return engine;
  }

  /** Now and then, while there is anything: no monitor holds a thread for longer. */
  private void freeHeld() {
    try {
      engines.forEach(Engine::freeHeld);
    } catch (RuntimeException e) {
      log.error("Threads that a monitor may hold were not looked for", e);
    }
    freeing.set(false);
    if (!engines.isEmpty() && freeing.compareAndSet(false, true)) {
      SOON.execute(this::freeHeld);
    }
  }

  @Override
  public List<Backend> backends() {
    return List.copyOf(engines);
  }

  @Override
  public Optional<Backend> find(String guest, String device) {
    return engines.stream()
        .filter(each -> each.spec.guest().equals(guest) && each.spec.device().equals(device))
        .map(Backend.class::cast)
        .findFirst();
  }

  @Override
  public List<String> types() {
    return factories.types();
  }

  @Override
  public OptionalInt virtioId(String type) {
    return factories.best(type, any -> true).map(Model::virtioId).orElse(OptionalInt.empty());
  }

  @Override
  public int dropUnclaimed() {
    List<StoredFd> unclaimed = manager.take(DescriptorStore.PREFIX);
    for (StoredFd stored : unclaimed) {
      manager.forget(stored.name());
      stored.fd().close();
    }
    return unclaimed.size();
  }

  /**
   * The container stops: what the service manager keeps goes on, the rest ends. All at once, as
   * each takes the time that its guest's requests take.
   */
  @Deactivate
  void deactivate() {
    List<Thread> ends =
        engines.stream()
            .map(engine ->
                Thread.ofPlatform()
                    .daemon()
                    .name("lodge-end-" + engine.spec.guest() + "-" + engine.spec.device())
                    .start(manager.isPresent() ? engine::handOver : engine::close))
            .toList();
    try {
      for (Thread end : ends) {
        end.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Watching implements Watcher {
    @Override
    public void takeover(Backend backend, Takeover takeover) {
      listeners.forEach(listener -> listener.takeover(backend, takeover));
    }

    @Override
    public void trouble(Backend backend, String sentence) {
      listeners.forEach(listener -> listener.trouble(backend, sentence));
    }

    @Override
    public void closed(Backend backend) {
      engines.remove(backend);
    }
  }
}
