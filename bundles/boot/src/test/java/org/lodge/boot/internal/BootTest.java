package org.lodge.boot.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.lodge.linux.ServiceManager;
import org.lodge.vm.Guests;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;

class BootTest {
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Void> guestsStopped = new CompletableFuture<>();
  private final CountDownLatch frameworkStopped = new CountDownLatch(1);
  private FrameworkListener listener;
  private String oneshot;
  private int failures;

  @Test
  void guestsThatStartByThemselvesAreStarted() {
    boot();
    assertEquals(List.of("startAutostart"), calls);
  }

  @Test
  void aFailureIsToldInItsOwnWords() {
    Throwable why = new IllegalStateException("the guest has no disk");
    assertEquals(
        "the guest has no disk",
        Boot.message(new CompletionException(new CompletionException(why))));
  }

  @Test
  void aContainerForOneCommandTouchesNoGuest() {
    oneshot = "check";
    boot().deactivate();
    assertEquals(List.of("tell STOPPING=1"), calls);
  }

  @Test
  void theServiceManagerIsToldOnceTheFrameworkHasStarted() {
    boot();
    listener.frameworkEvent(
        new FrameworkEvent(FrameworkEvent.STARTED, proxy(Bundle.class, none()), null));
    assertEquals(List.of("startAutostart", "tell READY=1"), calls);
  }

  @Test
  void theFrameworkStopsOnlyAfterTheGuests() throws Exception {
    Boot boot = boot();
    CompletableFuture<Void> ended = boot.shutdown(false);
    assertFalse(frameworkStopped.await(20, TimeUnit.MILLISECONDS));
    guestsStopped.complete(null);
    ended.get(20, TimeUnit.SECONDS);
    assertTrue(frameworkStopped.await(20, TimeUnit.SECONDS));
    assertEquals(List.of("startAutostart", "stopAll"), calls);
  }

  @Test
  void aGuestThatDoesNotStopInOrderDoesNotKeepLodge() throws Exception {
    Boot boot = boot();
    guestsStopped.completeExceptionally(new IllegalStateException("stuck"));
    boot.shutdown(false).get(20, TimeUnit.SECONDS);
    assertTrue(frameworkStopped.await(20, TimeUnit.SECONDS));
  }

  @Test
  void guestsThatAreKeptAreLetGoAndNotStoppedWhenTheFrameworkEnds() throws Exception {
    Boot boot = boot();
    boot.shutdown(true).get(20, TimeUnit.SECONDS);
    boot.deactivate();
    assertEquals(List.of("startAutostart", "releaseAll", "tell STOPPING=1"), calls);
  }

  @Test
  void theWatchdogIsFedOnlyWhileGuestsAnswer() throws Exception {
    CountDownLatch fed = new CountDownLatch(3);
    ServiceManager manager =
        proxy(
            ServiceManager.class,
            (self, method, arguments) -> {
              if (((String[]) arguments[0])[0].equals("WATCHDOG=1")) {
                fed.countDown();
              }
              return true;
            });
    try (Readiness readiness = new Readiness(manager, guests(), Map.of("WATCHDOG_USEC", "2000"))) {
      readiness.tellWhenStarted(context());
      listener.frameworkEvent(
          new FrameworkEvent(FrameworkEvent.STARTED, proxy(Bundle.class, none()), null));
      assertTrue(fed.await(20, TimeUnit.SECONDS));
    }
    assertTrue(calls.contains("list"));
  }

  @Test
  void oneFailureToAnswerDoesNotEndTheFeeding() throws Exception {
    failures = 1;
    theWatchdogIsFedOnlyWhileGuestsAnswer();
  }

  private Boot boot() {
    ServiceManager manager =
        proxy(
            ServiceManager.class,
            (self, method, arguments) -> {
              calls.add(method.getName() + " " + ((String[]) arguments[0])[0]);
              return true;
            });
    return new Boot(guests(), manager, context());
  }

  private Guests guests() {
    return proxy(
        Guests.class,
        (self, method, arguments) -> {
          calls.add(method.getName());
          return switch (method.getName()) {
            case "stopAll" -> guestsStopped;
            case "startAutostart" -> new CompletableFuture<Void>();
            case "list" -> {
              if (failures-- > 0) {
                throw new IllegalStateException("once");
              }
              yield List.of();
            }
            default -> null;
          };
        });
  }

  private BundleContext context() {
    Bundle framework =
        proxy(
            Bundle.class,
            (self, method, arguments) -> {
              frameworkStopped.countDown();
              return null;
            });
    return proxy(
        BundleContext.class,
        (self, method, arguments) -> {
          switch (method.getName()) {
            case "getBundle" -> {
              return framework;
            }
            case "getProperty" -> {
              return oneshot;
            }
            default -> {
              listener = (FrameworkListener) arguments[0];
              return null;
            }
          }
        });
  }

  private static InvocationHandler none() {
    return (self, method, arguments) -> null;
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(BootTest.class.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
