package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.vm.GuestException;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GuestsServiceTest {
  @TempDir Path directory;

  @Test
  void whereTheFirstLookFailsThoseWhoWaitForItAreToldWhy() {
    IllegalArgumentException bad = new IllegalArgumentException("no schema");
    Catalog catalog =
        new Catalog(
            fake(ConfigurationAdmin.class, method -> null),
            json -> {
              throw bad;
            });
    BundleContext context = fake(BundleContext.class, method -> directory.toString());
    GuestsService guests = new GuestsService(catalog, null, new Inside(), context);
    try {
      assertFailsWith(bad, guests::list);
      assertFailsWith(bad, () -> guests.status("work"));
      assertFailsWith(bad, () -> guests.start("work").join());
    } finally {
      guests.deactivate();
    }
  }

  /** What a person has written a moment ago is not waited for, it is read. */
  @Test
  void whoStartsAGuestOrAsksForOneThatIsNotKnownHasTheDefinitionsRead() {
    Catalog catalog = new Catalog(fake(ConfigurationAdmin.class, method -> null), json -> null);
    BundleContext context = fake(BundleContext.class, method -> directory.toString());
    AtomicInteger read = new AtomicInteger();
    GuestsService guests = new GuestsService(catalog, read::incrementAndGet, new Inside(), context);
    try {
      assertThrows(CompletionException.class, () -> guests.start("new").join());
      assertEquals(1, read.get());
      assertThrows(GuestException.class, () -> guests.status("new"));
      assertEquals(2, read.get());
    } finally {
      guests.deactivate();
    }
  }

  private static void assertFailsWith(Exception cause, Executable call) {
    assertSame(cause, assertThrows(CompletionException.class, call).getCause());
  }

  private static <T> T fake(Class<T> type, Function<String, Object> behaviour) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> behaviour.apply(method.getName())));
  }
}
