package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentInfo;
import org.lodge.agent.GuestStats;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockStream;

@Timeout(30)
class SessionTest {
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(1);
  private final CountDownLatch writes = new CountDownLatch(1);
  private final CountDownLatch reset = new CountDownLatch(1);

  @AfterEach
  void stop() {
    timer.shutdownNow();
  }

  /** A guest that gives no room to write. */
  private VsockStream full() {
    return (VsockStream)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {VsockStream.class},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "guest":
                  return "work";
                case "write":
                  writes.countDown();
                  reset.await();
                  throw new VsockException("reset");
                case "reset":
                  reset.countDown();
                  return null;
                default:
                  throw new AssertionError(method);
              }
            });
  }

  @Test
  void nobodyWaitsForAnAgentThatTakesNoRequests() throws Exception {
    Session session =
        new Session(
            full(), new Wire.Hello(new AgentInfo("1.0", "boot", "work", "6.12"), false), timer);
    CompletableFuture<GuestStats> first =
        CompletableFuture.supplyAsync(() -> {
          try {
            return session.stats(Duration.ofMillis(1500));
          } catch (IOException e) {
            throw new CompletionException(e);
          }
        });
    writes.await();
    AgentException behind =
        assertThrows(AgentException.class, () -> session.stats(Duration.ofMillis(10)));
    assertTrue(behind.getMessage().contains("took no request"), behind.getMessage());
    Throwable why = assertThrows(ExecutionException.class, first::get).getCause();
    assertTrue(why.getMessage().contains("took no request"), why.toString());
    assertFalse(session.isOpen());
  }
}
