package org.lodge.boot.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.lodge.boot.Shutdown;
import org.lodge.linux.ServiceManager;
import org.lodge.vm.Guests;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts the guests that start by themselves, and ends them in order when Lodge ends, whether a
 * person asked for it, a signal came, or the framework was stopped.
 */
@Component(immediate = true)
public final class Boot implements Shutdown {
  private static final Logger LOG = LoggerFactory.getLogger(Boot.class);

  private final Guests guests;
  private final BundleContext context;
  private final Readiness readiness;
  private CompletableFuture<Void> shutdown;

  @Activate
  public Boot(
      @Reference Guests guests, @Reference ServiceManager serviceManager, BundleContext context) {
    this.guests = guests;
    this.context = context;
    this.readiness = new Readiness(serviceManager, guests, System.getenv());
    if (context.getProperty("lodge.oneshot") == null) {
      readiness.tellWhenStarted(context);
      guests.startAutostart().whenComplete(this::logAutostart);
    } else {
      shutdown = CompletableFuture.completedFuture(null);
    }
  }

  @Override
  public CompletableFuture<Void> shutdown(boolean keepGuests) {
    CompletableFuture<Void> ended = end(keepGuests);
    ended.thenRunAsync(this::stopFramework, Thread.ofPlatform().name("lodge-shutdown")::start);
    return ended;
  }

  /** The framework stops for whatever reason: no guest is left without its supervisor's word. */
  @Deactivate
  void deactivate() {
    readiness.tellStopping();
    end(false).join();
    readiness.close();
  }

  private synchronized CompletableFuture<Void> end(boolean keepGuests) {
    if (shutdown == null) {
      LOG.info(keepGuests ? "Leaving the guests running" : "Stopping the guests");
      if (keepGuests) {
        guests.releaseAll();
        shutdown = CompletableFuture.completedFuture(null);
      } else {
        shutdown = guests.stopAll().handle(Boot::logStop);
      }
    }
    return shutdown;
  }

  private void stopFramework() {
    try {
      context.getBundle(0).stop();
    } catch (BundleException e) {
      LOG.error("The framework does not stop: {}", e.toString());
    }
  }

  /** What was cut short by an orderly end is no news. */
  private void logAutostart(Void done, Throwable failure) {
    if (failure != null && !isEnding()) {
      LOG.warn("Not every guest started by itself: {}", message(failure));
    }
  }

  private synchronized boolean isEnding() {
    return shutdown != null;
  }

  static String message(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }

  private static Void logStop(Void done, Throwable failure) {
    if (failure != null) {
      LOG.warn("Not every guest stopped in order: {}", message(failure));
    }
    return null;
  }
}
