package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.agent.AgentCall;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExitStatus;
import org.lodge.connect.Broker;
import org.lodge.connect.Connection;
import org.lodge.connect.Grant;
import org.lodge.connect.GuestSession;

/** What becomes of calls whose connection is cut off; broker and agents are played by hand. */
@Timeout(30)
class CutOffTest {
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile boolean broken;
  private CompletableFuture<ExitStatus> outcome;

  @FunctionalInterface
  private interface Answer extends Function<Object[], Object> {}

  private static <T> T play(Class<T> type, Map<String, Answer> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) ->
                answers.getOrDefault(method.getName(), _ -> null).apply(arguments)));
  }

  @SuppressWarnings("unchecked")
  private void call() throws Exception {
    Connection connection =
        play(Connection.class, Map.of("id", _ -> 7L, "ended", _ -> ended, "isBroken", _ -> broken));
    Grant grant = new Grant("token", connection);
    GuestSession session =
        play(GuestSession.class, Map.of("call", _ -> CompletableFuture.completedFuture(grant)));
    Gateway gateway = new Gateway(play(Broker.class, Map.of("attach", _ -> session)), null);
    gateway.connected(play(AgentSession.class, Map.of("guest", _ -> "work")));
    gateway.called(
        play(
            AgentCall.class,
            Map.of(
                "guest", _ -> "work",
                "asRoot", _ -> true,
                "service", _ -> "db",
                "argument", _ -> "",
                "target", _ -> "vault",
                "accept",
                    arguments -> {
                      outcome = ((CompletionStage<ExitStatus>) arguments[0]).toCompletableFuture();
                      return null;
                    })));
  }

  @Test
  void aServerThatHasClosedInOrderHasDoneWell() throws Exception {
    call();
    ended.complete(null);
    assertEquals(new ExitStatus(0, 0), outcome.get());
  }

  @Test
  void aConnectionThatWasCutOffHasNotDoneWell() throws Exception {
    call();
    broken = true;
    ended.complete(null);
    assertTrue(outcome.isCompletedExceptionally());
  }
}
