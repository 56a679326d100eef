package org.lodge.shell.internal;

import java.nio.file.Path;
import java.util.Hashtable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.lodge.agent.Agents;
import org.lodge.boot.Shutdown;
import org.lodge.boot.UnusedJars;
import org.lodge.connect.Broker;
import org.lodge.images.Images;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Policy;
import org.lodge.shell.CommandException;
import org.lodge.storage.Shares;
import org.lodge.storage.Volumes;
import org.lodge.vm.Definitions;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestListener;
import org.lodge.vm.Guests;
import org.lodge.wayland.router.Windows;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/**
 * What the commands work with. Any of it may be absent: while the container starts, a command waits
 * for it; later the command says which bundle is missing.
 */
@Component(service = Services.class)
public final class Services implements FrameworkListener {
  private static final long PATIENCE_MILLIS = 10_000;

  private final BundleContext context;
  private final Map<Class<?>, Object> present = new ConcurrentHashMap<>();

  @Activate
  public Services(BundleContext context) {
    this.context = context;
    if (context != null) {
      context.addFrameworkListener(this);
    }
  }

  @Deactivate
  void deactivate() {
    context.removeFrameworkListener(this);
  }

  public Guests guests() throws CommandException, InterruptedException {
    return get(Guests.class, "org.lodge.vm");
  }

  public Definitions definitions() throws CommandException, InterruptedException {
    return get(Definitions.class, "org.lodge.vm");
  }

  public Devices devices() throws CommandException, InterruptedException {
    return get(Devices.class, "org.lodge.vm");
  }

  public Images images() throws CommandException, InterruptedException {
    return get(Images.class, "org.lodge.images");
  }

  public Agents agents() throws CommandException, InterruptedException {
    return get(Agents.class, "org.lodge.guest-agent");
  }

  public Broker broker() throws CommandException, InterruptedException {
    return get(Broker.class, "org.lodge.connect");
  }

  public Policy policy() throws CommandException, InterruptedException {
    return get(Policy.class, "org.lodge.policy");
  }

  public Windows windows() throws CommandException, InterruptedException {
    return get(Windows.class, "org.lodge.wayland-router");
  }

  /** The guests as rules see them. */
  public GuestDirectory parties() throws CommandException, InterruptedException {
    return get(GuestDirectory.class, "org.lodge.vm");
  }

  public Shares shares() throws CommandException, InterruptedException {
    return get(Shares.class, "org.lodge.storage");
  }

  public Volumes volumes() throws CommandException, InterruptedException {
    return get(Volumes.class, "org.lodge.storage");
  }

  /** A service, or null where it is absent; does not wait. */
  public <T> T peek(Class<T> type) {
    return type.cast(present.get(type));
  }

  /** A folder that the launcher names, such as {@code lodge.config}. */
  public Path folder(String property) throws CommandException {
    String value = context == null ? null : context.getProperty(property);
    if (value == null) {
      throw new CommandException(property + " is not set; start Lodge with: lodge up");
    }
    return Path.of(value).toAbsolutePath();
  }

  /**
   * What ends Lodge in order, waited for while Lodge starts; null where it is missing after that.
   */
  public Shutdown shutdown() throws InterruptedException {
    try {
      return get(Shutdown.class, "org.lodge.boot");
    } catch (CommandException missing) {
      return null;
    }
  }

  /** Stops the container, on a thread of its own. */
  public void stopFramework() {
    Thread.ofPlatform().name("lodge-stop").start(this::stopNow);
  }

  private void stopNow() {
    try {
      context.getBundle(0).stop();
    } catch (BundleException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Hears of every guest until closed. */
  public AutoCloseable listen(GuestListener listener) {
    if (context == null) {
      return () -> {};
    }
    ServiceRegistration<GuestListener> registration =
        context.registerService(GuestListener.class, listener, new Hashtable<>());
    return registration::unregister;
  }

  private <T> T get(Class<T> type, String bundle) throws CommandException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
    synchronized (present) {
      while (!present.containsKey(type)) {
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (leftMillis <= 0 || !starting()) {
          throw new CommandException(
              "the service "
                  + type.getSimpleName()
                  + " is missing: the bundle "
                  + bundle
                  + " is not active; see: lodge lb, and lodge logs");
        }
        present.wait(leftMillis);
      }
      return type.cast(present.get(type));
    }
  }

  private boolean starting() {
    return context != null
        && (context.getBundle(0).getState() == Bundle.STARTING
            || context.getProperty(OneShot.ARGUMENTS) != null);
  }

  @Override
  public void frameworkEvent(FrameworkEvent event) {
    synchronized (present) {
      present.notifyAll();
    }
  }

  private void put(Class<?> type, Object service) {
    synchronized (present) {
      present.put(type, service);
      present.notifyAll();
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindGuests(Guests guests) {
    put(Guests.class, guests);
  }

  public void unbindGuests(Guests guests) {
    present.remove(Guests.class, guests);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindDefinitions(Definitions definitions) {
    put(Definitions.class, definitions);
  }

  public void unbindDefinitions(Definitions definitions) {
    present.remove(Definitions.class, definitions);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindDevices(Devices devices) {
    put(Devices.class, devices);
  }

  public void unbindDevices(Devices devices) {
    present.remove(Devices.class, devices);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindImages(Images images) {
    put(Images.class, images);
  }

  public void unbindImages(Images images) {
    present.remove(Images.class, images);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindShutdown(Shutdown shutdown) {
    put(Shutdown.class, shutdown);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindUnusedJars(UnusedJars unusedJars) {
    put(UnusedJars.class, unusedJars);
  }

  public void unbindUnusedJars(UnusedJars unusedJars) {
    present.remove(UnusedJars.class, unusedJars);
  }

  public void unbindShares(Shares shares) {
    present.remove(Shares.class, shares);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindShares(Shares shares) {
    put(Shares.class, shares);
  }

  public void unbindVolumes(Volumes volumes) {
    present.remove(Volumes.class, volumes);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindVolumes(Volumes volumes) {
    put(Volumes.class, volumes);
  }

  public void unbindShutdown(Shutdown shutdown) {
    present.remove(Shutdown.class, shutdown);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindAgents(Agents agents) {
    put(Agents.class, agents);
  }

  public void unbindAgents(Agents agents) {
    present.remove(Agents.class, agents);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindBroker(Broker broker) {
    put(Broker.class, broker);
  }

  public void unbindBroker(Broker broker) {
    present.remove(Broker.class, broker);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindPolicy(Policy policy) {
    put(Policy.class, policy);
  }

  public void unbindPolicy(Policy policy) {
    present.remove(Policy.class, policy);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindGuestDirectory(GuestDirectory guestDirectory) {
    put(GuestDirectory.class, guestDirectory);
  }

  public void unbindGuestDirectory(GuestDirectory guestDirectory) {
    present.remove(GuestDirectory.class, guestDirectory);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  public void bindWindows(Windows windows) {
    put(Windows.class, windows);
  }

  public void unbindWindows(Windows windows) {
    present.remove(Windows.class, windows);
  }
}
