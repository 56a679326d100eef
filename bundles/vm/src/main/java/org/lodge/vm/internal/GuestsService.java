package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.lodge.configuration.ConfigurationLoaded;
import org.lodge.images.Images;
import org.lodge.vhostuser.VhostUserBackends;
import org.lodge.vm.Console;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestListener;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.GuestVolumes;
import org.lodge.vm.Guests;
import org.lodge.vm.StopOrder;
import org.lodge.vmm.VmmDriver;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The guests as an OSGi service: reads the definitions, looks for running guests, then serves. */
@Component(service = {Guests.class, GuestsService.class})
public final class GuestsService implements Guests {
  private static final Logger LOG = LoggerFactory.getLogger(GuestsService.class);
  private static final String IMAGES = "images";
  static final String BACKENDS = "backends";

  /** On a slow host, how much later guests may take back what their monitors are connected to. */
  private static final Duration LATE_LIMIT = Duration.ofSeconds(100);

  private final Catalog catalog;
  private final ConfigurationLoaded definitions;
  private final Path run;
  private final Path state;
  private final RealWorld world = new RealWorld();
  private final Announcer announcer = new Announcer(world);
  private final Services<VmmDriver> drivers = new Services<>();
  private final Services<Images> images = new Services<>();
  private final Services<VhostUserBackends> backends = new Services<>();
  private final Services<GuestVolumes> volumeServices = new Services<>();
  private final Volumes volumes = new Volumes(volumeServices);
  private final Supervisor supervisor;

  /** Done once every definition is in; the schema's work is not in the way of other bundles. */
  private final CompletableFuture<Void> loaded;

  /** Done once the guests of an earlier Lodge have answered, or have had their time to. */
  private final CompletableFuture<Void> found = new CompletableFuture<>();

  /** Fails as soon as the first does: nobody looks for guests then. */
  private final CompletableFuture<Void> loadedAndFound;

  @Activate
  public GuestsService(
      @Reference Catalog catalog,
      @Reference(target = "(lodge.configuration.folder=" + Catalog.FOLDER + ")")
          ConfigurationLoaded definitions,
      @Reference Inside inside,
      BundleContext context) {
    this.catalog = catalog;
    this.definitions = definitions;
    this.run = path(context, "lodge.run");
    this.state = path(context, "lodge.state");
    this.supervisor =
        new Supervisor(
            world,
            announcer,
            name ->
                new RealMachine(
                    name, run, drivers, images, backends, volumes, inside, catalog.schema()));
    this.loaded = CompletableFuture.runAsync(this::load, world::execute);
    this.loadedAndFound = loaded.thenCompose(in -> found);
  }

  private static Path path(BundleContext context, String property) {
    String value = context.getProperty(property);
    if (value == null) {
      throw new IllegalStateException("the framework property " + property + " is not set");
    }
    return Path.of(value).toAbsolutePath();
  }

  private void load() {
    try {
      catalog.follow(supervisor::apply);
      supervisor
          .adopt(run)
          .orTimeout(Idle.ADOPTION_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
          .whenComplete((looked, late) -> {
            found.complete(null);
            if (late == null && !supervisor.isLooking()) {
              dropUnclaimed();
            } else {
              world.after(LATE_LIMIT, () -> world.work("drop-unclaimed", this::dropUnclaimed));
            }
          });
    } catch (RuntimeException e) {
      LOG.error("The guests' definitions can't be read", e);
      throw e;
    }
  }

  /** What no guest that was found has taken back. */
  private void dropUnclaimed() {
    backends.now(BACKENDS).ifPresent(VhostUserBackends::dropUnclaimed);
  }

  /** A guest's agent has said something of it. */
  void heard(String guest, Machine.Marker marker) {
    supervisor.tell(guest, new Message.HeardInside(marker));
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addDriver(VmmDriver driver, Map<String, Object> properties) {
    drivers.add(String.valueOf(properties.get(VmmDriver.NAME)), driver);
    supervisor.askUnknown();
  }

  void removeDriver(VmmDriver driver, Map<String, Object> properties) {
    drivers.remove(String.valueOf(properties.get(VmmDriver.NAME)), driver);
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void addImages(Images service) {
    images.add(IMAGES, service);
  }

  void removeImages(Images service) {
    images.remove(IMAGES, service);
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void addBackends(VhostUserBackends service) {
    backends.add(BACKENDS, service);
  }

  void removeBackends(VhostUserBackends service) {
    backends.remove(BACKENDS, service);
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void addVolumes(GuestVolumes service) {
    volumeServices.add(Volumes.NAME, service);
  }

  void removeVolumes(GuestVolumes service) {
    volumeServices.remove(Volumes.NAME, service);
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addListener(GuestListener listener) {
    announcer.add(listener);
  }

  void removeListener(GuestListener listener) {
    announcer.remove(listener);
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addStopOrder(StopOrder order) {
    supervisor.add(order);
  }

  void removeStopOrder(StopOrder order) {
    supervisor.remove(order);
  }

  @Override
  public List<GuestStatus> list() {
    loadedAndFound.join();
    return supervisor.statuses();
  }

  @Override
  public GuestStatus status(String name) throws GuestException {
    loadedAndFound.join();
    return find(name).status();
  }

  /** From memory, at any time. */
  boolean isPaused(String name) {
    return supervisor.isPaused(name);
  }

  private GuestActor find(String name) throws GuestException {
    loaded.join();
    readAgainUnlessGood(name);
    if (!supervisor.isKnown(name)) {
      definitions.readAgain();
    }
    return supervisor.find(name);
  }

  /** A definition that was refused for a missing file may be good by now. */
  private void readAgainUnlessGood(String name) {
    if (!catalog.isGood(name)) {
      catalog.refresh();
    }
  }

  private <T> CompletableFuture<T> whenLoaded(Supplier<CompletableFuture<T>> then) {
    return loaded.thenComposeAsync(done -> then.get(), world::execute);
  }

  private CompletableFuture<GuestStatus> send(
      String name, Function<CompletableFuture<GuestStatus>, Message> command) {
    return whenLoaded(() -> supervisor.send(name, command));
  }

  @Override
  public CompletableFuture<GuestStatus> start(String name) {
    return whenLoaded(() -> {
      definitions.readAgain();
      readAgainUnlessGood(name);
      return supervisor.send(name, Message.Start::new);
    });
  }

  @Override
  public CompletableFuture<GuestStatus> stop(String name, Duration limit) {
    return whenLoaded(() -> supervisor.stop(name, limit));
  }

  @Override
  public CompletableFuture<GuestStatus> kill(String name) {
    return send(name, Message.Kill::new);
  }

  @Override
  public CompletableFuture<GuestStatus> pause(String name) {
    return control(
        name,
        Message.Control.Kind.PAUSE,
        vmm -> {
          GuestDevices devices = devices(name);
          boolean paused = false;
          try {
            devices.expectPause(true);
            vmm.pause();
            paused = true;
          } finally {
            if (!paused) {
              devices.expectPause(false);
            }
          }
        });
  }

  @Override
  public CompletableFuture<GuestStatus> resume(String name) {
    return control(name, Message.Control.Kind.RESUME, vmm -> vmm.resume());
  }

  @Override
  public CompletableFuture<GuestStatus> restart(String name) {
    return whenLoaded(
            () -> {
              readAgainUnlessGood(name);
              String refused = supervisor.hindrance(name);
              return refused == null
                  ? supervisor.send(name, done -> new Message.Stop(null, done))
                  : CompletableFuture.failedFuture(
                      new GuestException(name, "definition", refused + "; it was not stopped"));
            })
        .thenCompose(stopped -> start(name));
  }

  @Override
  public CompletableFuture<GuestStatus> screenshot(String name, Path png) {
    return control(name, Message.Control.Kind.OTHER, vmm -> vmm.screenshot(png));
  }

  @Override
  public CompletableFuture<GuestStatus> sendKeys(String name, List<String> chords) {
    return control(
        name,
        Message.Control.Kind.OTHER,
        vmm -> {
          for (String chord : chords) {
            vmm.sendKeys(List.of(chord.split("-")));
          }
        });
  }

  private CompletableFuture<GuestStatus> control(
      String name, Message.Control.Kind kind, Message.Control.Action action) {
    return send(name, done -> new Message.Control(kind, action, done));
  }

  CompletableFuture<GuestStatus> control(
      String name, Duration limit, Message.Control.Action action) {
    return send(name, done -> new Message.Control(Message.Control.Kind.OTHER, limit, action, done));
  }

  GuestDevices devices(String name) throws GuestException {
    return ((RealMachine) find(name).machine).devices();
  }

  @Override
  public Console console(String name) throws GuestException {
    return ((RealMachine) find(name).machine).openConsole();
  }

  @Override
  public CompletableFuture<Void> startAutostart() {
    return whenLoaded(() ->
        supervisor.startAll(
            supervisor.statuses().stream()
                .filter(GuestStatus::autostart)
                .map(GuestStatus::name)
                .toList()));
  }

  @Override
  public CompletableFuture<Void> stopAll() {
    return whenLoaded(supervisor::stopAll);
  }

  @Override
  public void releaseAll() {
    try {
      supervisor.release().get(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("Not every guest was let go of in time: {}", e.toString());
    }
  }

  @Override
  public Path log(String name) throws GuestException {
    find(name);
    return state.resolve("log").resolve("guest").resolve(name + ".log");
  }

  @Deactivate
  void deactivate() {
    catalog.unfollow();
    releaseAll();
    world.close();
  }
}
