package org.lodge.boot.internal;

import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.lodge.boot.UnusedJars;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.BundleException;
import org.osgi.framework.BundleListener;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of jars in the deploy folder that do not work: they do not resolve or start, or a component
 * of theirs can't be made. The container itself tells the one on its console and the other nowhere.
 */
@Component(immediate = true, service = UnusedJars.class)
public final class Deployments implements BundleListener, UnusedJars {
  private static final Logger LOG = LoggerFactory.getLogger(Deployments.class);

  /** Of a device's factory, in the transport's SPI, which is too far below to be named here. */
  private static final String DEVICE_TYPE = "lodge.device.type";

  /** The container has no event for a start that failed, so it gets the time for one. */
  private static final int SETTLE_MILLIS = 1000;

  private static final int LOOK_MILLIS = 3000;

  /** A jar that is still being copied, or that a busy container has still to take, is none yet. */
  static final int LOOKS = 6;

  private final ServiceComponentRuntime components;
  private final BundleContext context;
  private final Path folder;
  private final Map<Bundle, Future<?>> checks = new ConcurrentHashMap<>();
  private final Map<Bundle, List<UnusedJar>> unused = new ConcurrentHashMap<>();
  private final Map<Path, UnusedJar> passedOver = new ConcurrentHashMap<>();

  /** Belongs to the executor's thread. */
  private Map<Path, SeenJar> seen = Map.of();

  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("lodge-deployments").daemon().factory());

  @Activate
  public Deployments(@Reference ServiceComponentRuntime components, BundleContext context) {
    this.components = components;
    this.context = context;
    String property = context.getProperty("lodge.deploy");
    folder = property == null ? null : Path.of(property).toAbsolutePath().normalize();
    context.addBundleListener(this);
    if (folder != null) {
      executor.scheduleWithFixedDelay(
          this::lookForPassedOver, SETTLE_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  @Deactivate
  void deactivate() {
    context.removeBundleListener(this);
    executor.shutdownNow();
  }

  @Override
  public void bundleChanged(BundleEvent event) {
    Bundle bundle = event.getBundle();
    switch (event.getType()) {
      case BundleEvent.INSTALLED, BundleEvent.UPDATED, BundleEvent.STARTED -> {
        if (folder != null && folder.equals(jar(bundle).getParent())) {
          replaceCheck(
              bundle, executor.schedule(() -> check(bundle), SETTLE_MILLIS, TimeUnit.MILLISECONDS));
        }
      }
      case BundleEvent.STOPPING, BundleEvent.UNINSTALLED -> {
        replaceCheck(bundle, null);
        unused.remove(bundle);
      }
      default -> {
        // Says nothing of whether it works.
      }
    }
  }

  private void replaceCheck(Bundle bundle, Future<?> check) {
    Future<?> former = check == null ? checks.remove(bundle) : checks.put(bundle, check);
    if (former != null) {
      former.cancel(false);
    }
  }

  private void check(Bundle bundle) {
    try {
      List<UnusedJar> failures = failures(bundle);
      for (UnusedJar failure : failures) {
        LOG.error("{} is not used: {}", failure.jar(), failure.reason());
      }
      unused.put(bundle, failures);
      if (bundle.getState() == Bundle.UNINSTALLED) {
        unused.remove(bundle);
      }
    } catch (RuntimeException e) {
      LOG.error("{} could not be looked at: {}", name(bundle), e.toString());
    }
  }

  /** Of a jar from which the container can't make a bundle it has no event either. */
  void lookForPassedOver() {
    Map<Path, SeenJar> found = new HashMap<>();
    try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "*.jar")) {
      for (Path jar : jars) {
        found.put(jar, SeenJar.look(jar, seen.get(jar)));
      }
    } catch (IOException | DirectoryIteratorException e) {
      LOG.debug("{} could not be looked at: {}", folder, e.toString());
      return;
    }
    PassedOver passed = new PassedOver(List.of(context.getBundles()));
    passedOver.keySet().retainAll(found.keySet());
    found.forEach((jar, as) -> {
      if (as.looks() >= LOOKS) {
        tellPassedOver(jar, passed.reason(as));
      } else if (as.looks() == 1) {
        passedOver.remove(jar);
      }
    });
    seen = found;
  }

  private void tellPassedOver(Path jar, Optional<String> reason) {
    if (reason.isEmpty()) {
      passedOver.remove(jar);
      return;
    }
    UnusedJar told = new UnusedJar(jar.getFileName().toString(), Optional.empty(), reason.get());
    if (!told.equals(passedOver.put(jar, told))) {
      LOG.error("{} is not used: {}", told.jar(), told.reason());
    }
  }

  @Override
  public List<UnusedJar> list() {
    return Stream.concat(
            unused.values().stream().flatMap(List::stream), passedOver.values().stream())
        .sorted(Comparator.comparing(UnusedJar::jar))
        .toList();
  }

  /** Why the bundle does not do what it was deployed for; empty if it does. */
  List<UnusedJar> failures(Bundle bundle) {
    return switch (bundle.getState()) {
      case Bundle.INSTALLED, Bundle.RESOLVED -> startFailure(bundle);
      case Bundle.ACTIVE ->
          components.getComponentDescriptionDTOs(bundle).stream()
              .flatMap(each -> components.getComponentConfigurationDTOs(each).stream())
              .flatMap(each -> failure(bundle, each).stream())
              .toList();
      default -> List.of();
    };
  }

  /** Only another start tells the reason; one that succeeds is what was wanted. */
  private static List<UnusedJar> startFailure(Bundle bundle) {
    if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) != null) {
      return List.of();
    }
    try {
      bundle.start(Bundle.START_TRANSIENT);
      return List.of();
    } catch (BundleException e) {
      Throwable reason = Objects.requireNonNullElse(e.getCause(), e);
      String told = reason == e ? e.getMessage() : "%s: %s".formatted(e.getMessage(), reason);
      return List.of(new UnusedJar(name(bundle), Optional.empty(), told));
    }
  }

  private static Optional<UnusedJar> failure(Bundle bundle, ComponentConfigurationDTO component) {
    Optional<String> reason =
        switch (component.state) {
          case ComponentConfigurationDTO.FAILED_ACTIVATION -> Optional.of(cause(component));
          case ComponentConfigurationDTO.SATISFIED ->
              missing(bundle, component.description.implementationClass);
          default -> Optional.empty();
        };
    ComponentDescriptionDTO of = component.description;
    return reason.map(each ->
        new UnusedJar(
            name(bundle),
            Optional.ofNullable(of.properties.get(DEVICE_TYPE)).map(Object::toString),
            "its component %s can't be made: %s".formatted(of.name, each)));
  }

  /**
   * What a component's class names and the bundle has not. Declarative Services looks at the
   * methods too, and leaves such a component as one that nobody has asked for yet.
   */
  private static Optional<String> missing(Bundle bundle, String className) {
    try {
      Class<?> type = bundle.loadClass(className);
      type.getDeclaredConstructors();
      type.getDeclaredMethods();
      type.getDeclaredFields();
      return Optional.empty();
    } catch (ClassNotFoundException | LinkageError e) {
      return Optional.of(e.toString());
    }
  }

  /** The innermost cause of a stack trace, without its lines of code. */
  private static String cause(ComponentConfigurationDTO failed) {
    return Objects.requireNonNullElse(failed.failure, "no reason is known")
        .lines()
        .filter(line -> !line.startsWith("\t"))
        .reduce((outer, inner) -> inner)
        .map(line -> line.replaceFirst("^Caused by: ", "").strip())
        .orElse("no reason is known");
  }

  private static String name(Bundle bundle) {
    return jar(bundle).getFileName().toString();
  }

  /** A file without a name where the bundle is of no file. */
  static Path jar(Bundle bundle) {
    String location = bundle.getLocation();
    if (!location.startsWith("file:")) {
      return Path.of("/");
    }
    try {
      return Path.of(URI.create(location)).normalize();
    } catch (IllegalArgumentException e) {
      return Path.of(location.substring(5)).normalize();
    }
  }
}
