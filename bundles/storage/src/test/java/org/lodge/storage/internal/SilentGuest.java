package org.lodge.storage.internal;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentInfo;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.ExitStatus;

/** A guest whose programs begin and say nothing until the test ends them. */
final class SilentGuest {
  final CountDownLatch runs = new CountDownLatch(1);
  final CompletableFuture<Integer> signalled = new CompletableFuture<>();
  volatile CountDownLatch serving;

  /** What is said to who waits for its agent; null where that is there. */
  volatile AgentException away;

  private volatile CompletableFuture<ExitStatus> exit = new CompletableFuture<>();

  interface Behaviour {
    Object call(String name, Object[] arguments) throws Throwable;
  }

  static <T> T fake(Class<T> type, Behaviour behaviour) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> behaviour.call(method.getName(), arguments)));
  }

  /** From now on it has a session, and does not answer those who want folders served. */
  void serves(CountDownLatch counted) {
    serving = counted;
  }

  Agents agents() {
    AgentSession session = fake(AgentSession.class, this::session);
    return fake(
        Agents.class,
        (name, arguments) -> {
          if (name.equals("session")) {
            return serving == null ? Optional.empty() : Optional.of(session);
          }
          if (away != null) {
            throw away;
          }
          return session;
        });
  }

  private Object session(String name, Object[] arguments) throws IOException {
    if (name.equals("serveFolder")) {
      serving.countDown();
      exit.join();
      throw new IOException("it never answers");
    }
    if (name.equals("info")) {
      return new AgentInfo("1.0", "boot", "vault", "6.12");
    }
    runs.countDown();
    return program();
  }

  private AgentProgram program() {
    return fake(
        AgentProgram.class,
        (name, arguments) ->
            switch (name) {
              case "stream" -> new Silence();
              case "exit" -> exit;
              case "signal" -> signalled.complete((Integer) arguments[0]) ? null : null;
              default -> null;
            });
  }

  void end(int code) {
    exit.complete(new ExitStatus(code, 0));
  }

  /** From now on its programs do what they should. */
  void mend() {
    exit = CompletableFuture.completedFuture(new ExitStatus(0, 0));
  }

  private final class Silence extends StorageStream {
    @Override
    public int read(ByteBuffer into) {
      exit.join();
      return -1;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
      throw new IOException("nobody reads");
    }

    @Override
    public void reset() {}
  }
}
