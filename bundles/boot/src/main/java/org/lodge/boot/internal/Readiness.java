package org.lodge.boot.internal;

import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.lodge.linux.ServiceManager;
import org.lodge.vm.Guests;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the service manager that Lodge is ready once every bundle has started, and from then on
 * that it lives, as often as {@code WATCHDOG_USEC} asks (sd_notify(3), sd_watchdog_enabled(3)).
 */
final class Readiness implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Readiness.class);

  private final ServiceManager serviceManager;
  private final Guests guests;
  private final long watchdogMicros;
  private ScheduledExecutorService watchdog;

  Readiness(ServiceManager serviceManager, Guests guests, Map<String, String> environment) {
    this.serviceManager = serviceManager;
    this.guests = guests;
    this.watchdogMicros = watchdogMicros(environment);
  }

  void tellWhenStarted(BundleContext context) {
    context.addFrameworkListener(event -> {
      if (event.getType() == FrameworkEvent.STARTED) {
        LOG.info("Lodge is up");
        serviceManager.tell("READY=1");
        feedWatchdog();
      }
    });
  }

  void tellStopping() {
    serviceManager.tell("STOPPING=1");
  }

  @Override
  public synchronized void close() {
    if (watchdog != null) {
      watchdog.shutdownNow();
    }
  }

  /**
   * Twice per limit, and only while the guests' supervisor answers: that is what should be alive.
   */
  private synchronized void feedWatchdog() {
    if (watchdogMicros <= 0) {
      return;
    }
    watchdog =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("lodge-watchdog").daemon().factory());
    watchdog.scheduleAtFixedRate(this::feed, 0, watchdogMicros / 2, TimeUnit.MICROSECONDS);
  }

  /** What is thrown here would end the feeding for good; the limit is for what lasts. */
  private void feed() {
    try {
      guests.list();
      serviceManager.tell("WATCHDOG=1");
    } catch (RuntimeException e) {
      LOG.error("The guests' supervisor did not answer the watchdog", e);
    }
  }

  private static long watchdogMicros(Map<String, String> environment) {
    try {
      return Long.parseLong(environment.getOrDefault("WATCHDOG_USEC", "0"));
    } catch (NumberFormatException e) {
      LOG.warn("No watchdog: WATCHDOG_USEC is {}", environment.get("WATCHDOG_USEC"));
      return 0;
    }
  }
}
