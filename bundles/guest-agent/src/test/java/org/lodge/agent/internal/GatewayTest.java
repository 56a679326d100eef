package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.agent.AgentSession;
import org.lodge.agent.GuestSocket;

class GatewayTest {
  /** The agent of a guest that never answers, until it is let. */
  private static final class SlowAgent implements InvocationHandler {
    final CountDownLatch answers = new CountDownLatch(1);
    final BlockingQueue<String> listened = new LinkedBlockingQueue<>();

    @Override
    public Object invoke(Object proxy, Method method, Object[] arguments) throws Exception {
      switch (method.getName()) {
        case "guest":
          return "work";
        case "listen":
          answers.await();
          listened.add((String) arguments[0]);
          return null;
        default:
          return null;
      }
    }

    AgentSession session() {
      return (AgentSession)
          Proxy.newProxyInstance(
              getClass().getClassLoader(), new Class<?>[] {AgentSession.class}, this);
    }
  }

  @Test
  @Timeout(30)
  void aGuestThatComesUpOverAndOverIsListenedToOnce() throws Exception {
    SlowAgent agent = new SlowAgent();
    AttachedGuest guest = new AttachedGuest(agent.session(), null, new Outcomes());
    for (int i = 0; i < 1000; i++) {
      guest.listen(List.of(socket("/run/a", 0666, "a")), true);
    }
    agent.answers.countDown();
    guest.listen(List.of(socket("/run/b", 0666, "b")), false);
    int times = 1;
    while (!agent.listened.take().equals("/run/b")) {
      times++;
    }
    assertTrue(times <= 4, times + " times");
  }

  private static GuestSocket socket(String path, int mode, String service) {
    return new GuestSocket(path, mode, service, "", "vault", false);
  }

  @Test
  void aServiceIsKeptFromUsersWhereNoSocketForItIsForAll() {
    assertEquals(
        Set.of("db"),
        AttachedGuest.keptFromUsers(
            List.of(
                socket("/run/db", 0660, "db"),
                socket("/run/db2", 0600, "db"),
                socket("/run/log", 0660, "log"),
                socket("/run/log-of-all", 0666, "log"),
                socket("/run/open", 0666, "open"))));
  }
}
