package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.agent.AgentCall;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExitStatus;
import org.lodge.agent.GuestService;
import org.lodge.connect.Announcement;
import org.lodge.connect.Broker;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Connection;
import org.lodge.connect.Grant;
import org.lodge.connect.GuestSession;
import org.lodge.connect.Metadata;
import org.lodge.connect.ServiceDescription;
import org.lodge.vsock.VsockStream;

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

  /** Over a virtio socket the agent can't tell a reset from an end. */
  @Test
  void aProgramWhoseCallerWasCutOffGetsAHangUp() throws Exception {
    BlockingQueue<Integer> signals = new LinkedBlockingQueue<>();
    CompletableFuture<Void> closed = new CompletableFuture<>();
    AgentProgram program =
        play(
            AgentProgram.class,
            Map.of(
                "exit", _ -> new CompletableFuture<>(),
                "stream", _ -> play(VsockStream.class, Map.of()),
                "signal", arguments -> signals.add((Integer) arguments[0]),
                "close", _ -> closed.complete(null)));
    Outcomes outcomes = new Outcomes();
    AttachedGuest vault =
        new AttachedGuest(
            play(AgentSession.class, Map.of("guest", _ -> "vault", "exec", _ -> program)),
            null,
            outcomes,
            () -> false);
    CompletableFuture<ByteStream> redeemed = new CompletableFuture<>();
    vault.attached(
        play(
            GuestSession.class,
            Map.of("redeem", arguments -> redeemed.complete((ByteStream) arguments[1]))));
    vault.offer(
        List.of(
            new GuestService(
                ServiceDescription.bytes("wait", ""),
                new GuestService.Run(List.of("sleep", "1000"), Optional.empty()))));
    vault.announce(new Announcement(7, "t", "wait", "", "work", Map.of(), Metadata.NONE));
    ByteStream stream = redeemed.get();
    assertFalse(stream.outcome().orElseThrow().toCompletableFuture().isDone());
    stream.reset();
    assertEquals(1, signals.take());
    closed.get();
    assertTrue(outcomes.of(7).orElseThrow().isCompletedExceptionally());
    assertTrue(stream.outcome().orElseThrow().toCompletableFuture().isCompletedExceptionally());
    stream.reset();
    assertTrue(signals.isEmpty());
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
