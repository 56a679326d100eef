package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.agent.GuestScript;
import org.lodge.agent.GuestScript.Outcome;
import org.lodge.vsock.VsockStream;

/** Scripts in a guest that need not do what they should. */
@Timeout(20)
class GuestScriptTest {
  private static final GuestScript SCRIPT =
      new GuestScript("look", "ls", 20, Duration.ofSeconds(10), Duration.ofMinutes(10));

  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final CompletableFuture<Integer> killed = new CompletableFuture<>();
  private final CompletableFuture<List<String>> words = new CompletableFuture<>();
  private Reading output = into -> -1;
  private Reading errors = into -> -1;

  private interface Reading {
    int read(ByteBuffer into) throws IOException;
  }

  private interface Behaviour {
    Object call(String name, Object[] arguments) throws Throwable;
  }

  private static <T> T fake(Class<T> type, Behaviour behaviour) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> behaviour.call(method.getName(), arguments)));
  }

  private static VsockStream stream(Reading reading) {
    return fake(
        VsockStream.class,
        (name, arguments) ->
            name.equals("read") ? (Object) reading.read((ByteBuffer) arguments[0]) : null);
  }

  private AgentSession session() {
    AgentProgram program =
        fake(
            AgentProgram.class,
            (name, arguments) ->
                switch (name) {
                  case "stream" -> stream(output);
                  case "errors" -> Optional.of(stream(errors));
                  case "exit" -> exit;
                  case "signal" -> killed.complete((Integer) arguments[0]) ? null : null;
                  default -> null;
                });
    return fake(
        AgentSession.class,
        (name, arguments) -> {
          if (name.equals("guest")) {
            return "work";
          }
          words.complete(((ExecRequest) arguments[0]).arguments());
          return program;
        });
  }

  /** One piece, then the end once it may come. */
  private static Reading saying(String text, CompletableFuture<?> end) {
    ByteBuffer left = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    return into -> {
      if (!left.hasRemaining()) {
        end.join();
        return -1;
      }
      int count = Math.min(left.remaining(), into.remaining());
      into.put(into.position(), left, left.position(), count);
      into.position(into.position() + count);
      left.position(left.position() + count);
      return count;
    };
  }

  @Test
  void whatItSaysUntilItsEndIsTold() throws Exception {
    exit.complete(new ExitStatus(3, 0));
    output = saying("twenty bytes, or so..", exit);
    errors = saying("wrong", exit);
    assertEquals(
        "guest 'work' says too much",
        assertThrows(IOException.class, () -> SCRIPT.run(session())).getMessage());
    output = saying("twenty bytes and all", exit);
    errors = saying("wrong", exit);
    assertEquals(
        new Outcome("twenty bytes and all", "wrong", new ExitStatus(3, 0)),
        SCRIPT.run(session(), "a", "b"));
  }

  @Test
  void itsArgumentsAreBehindItsName() throws Exception {
    exit.complete(new ExitStatus(0, 0));
    SCRIPT.run(session(), "a", "b c");
    assertEquals(List.of("sh", "-c", "ls", "look", "a", "b c"), words.join());
    assertFalse(killed.isDone());
  }

  /** Its end of output comes once somebody has read its errors. */
  @Test
  void errorsAreReadBesideTheOutput() throws Exception {
    exit.complete(new ExitStatus(0, 0));
    CompletableFuture<Void> read = new CompletableFuture<>();
    output = saying("", read);
    errors =
        into -> {
          read.complete(null);
          return -1;
        };
    assertEquals("", SCRIPT.run(session()).output());
  }

  @Test
  void whatSaysTooMuchIsKilled() {
    output =
        into -> {
          int count = into.remaining();
          into.position(into.limit());
          return count;
        };
    errors = saying("", exit);
    assertThrows(IOException.class, () -> SCRIPT.run(session()));
    assertEquals(9, killed.join());
    exit.complete(new ExitStatus(0, 9));
  }

  @Test
  void whatDoesNotEndIsKilled() {
    output = saying("", exit);
    GuestScript brief =
        new GuestScript("look", "ls", 20, Duration.ofSeconds(10), Duration.ofMillis(1));
    assertEquals(
        "guest 'work' does not answer within 0 s",
        assertThrows(IOException.class, () -> brief.run(session())).getMessage());
    assertEquals(9, killed.join());
    exit.complete(new ExitStatus(0, 9));
  }

  @Test
  void itIsKilledWhereWhoeverWaitsIsInterrupted() {
    output = saying("", exit);
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> SCRIPT.run(session()));
    assertEquals(9, killed.join());
    exit.complete(new ExitStatus(0, 9));
  }

  @Test
  void aGuestThatGoesIsSaidToHaveGone() {
    exit.completeExceptionally(new AgentException("the session has ended"));
    assertEquals(
        "the session has ended",
        assertThrows(IOException.class, () -> SCRIPT.run(session())).getMessage());
    output =
        into -> {
          throw new UncheckedIOException(new IOException("broken"));
        };
    assertEquals(
        "guest 'work' has gone meanwhile",
        assertThrows(IOException.class, () -> SCRIPT.run(session())).getMessage());
  }
}
