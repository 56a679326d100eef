package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.agent.AgentSession;
import org.lodge.agent.GuestService;
import org.lodge.agent.GuestServices;
import org.lodge.agent.GuestSocket;
import org.lodge.connect.Announcement;
import org.lodge.connect.Broker;
import org.lodge.connect.ConnectException;
import org.lodge.connect.GuestEndpoint;
import org.lodge.connect.GuestSession;
import org.lodge.connect.Metadata;
import org.lodge.connect.ServiceDescription;

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
    AttachedGuest guest = new AttachedGuest(agent.session(), null, new Outcomes(), () -> false);
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

  /** Its agent is still connected, and would leave the caller without an answer. */
  @Test
  void aCallOfAGuestThatIsPausedIsRefusedAtOnce() {
    SlowAgent agent = new SlowAgent();
    AtomicReference<GuestEndpoint> vault = new AtomicReference<>();
    Gateway gateway = new Gateway(broker(vault), null);
    gateway.addServices(
        new GuestServices() {
          @Override
          public Collection<GuestService> of(String guest) {
            return List.of(
                new GuestService(
                    ServiceDescription.bytes("sign", ""), new GuestService.TcpPort(22)));
          }

          @Override
          public boolean isPaused(String guest) {
            return guest.equals("work");
          }
        });
    gateway.connected(agent.session());
    ConnectException refused =
        assertThrows(
            ConnectException.class,
            () ->
                vault
                    .get()
                    .announce(
                        new Announcement(7, "t", "sign", "", "@host", Map.of(), Metadata.NONE)));
    assertEquals(ConnectException.Reason.UNREACHABLE, refused.reason());
    assertEquals("work is paused; let it run on with: lodge resume work", refused.getMessage());
  }

  private static Broker broker(AtomicReference<GuestEndpoint> attached) {
    Object session =
        Proxy.newProxyInstance(
            GatewayTest.class.getClassLoader(),
            new Class<?>[] {GuestSession.class},
            (_, _, _) -> null);
    return (Broker)
        Proxy.newProxyInstance(
            GatewayTest.class.getClassLoader(),
            new Class<?>[] {Broker.class},
            (_, _, arguments) -> {
              attached.set((GuestEndpoint) arguments[0]);
              return session;
            });
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
