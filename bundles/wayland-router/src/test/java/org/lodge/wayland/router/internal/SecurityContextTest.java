package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.opcode.WlCallback;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlRegistry;

class SecurityContextTest {
  private static final String MANAGER = "wp_security_context_manager_v1";

  /** A compositor that does as it is asked. */
  private static final class Compositor {
    final TestPeer peer = new TestPeer(true);

    Compositor(String... globals) {
      peer.onMessage(request -> answer(request, globals));
    }

    private void answer(Message request, String... globals) {
      switch (request.type().toString()) {
        case "wl_display.get_registry" -> {
          for (int i = 0; i < globals.length; i++) {
            peer.send(request.word(0), WlRegistry.EVENT_GLOBAL, i + 1, globals[i], 1);
          }
        }
        case "wl_display.sync" -> {
          peer.send(request.word(0), WlCallback.EVENT_DONE, 0);
          peer.send(1, WlDisplay.EVENT_DELETE_ID, request.word(0));
        }
        default -> {}
      }
    }
  }

  /** The ways to compositors that are started one after the other. */
  private record Ways(Queue<Compositor> compositors) implements DisplayWay {
    static Ways of(Compositor... compositors) {
      return new Ways(new ArrayDeque<>(List.of(compositors)));
    }

    @Override
    public String name() {
      return "display";
    }

    @Override
    public HandleConnection connect() {
      throw new UnsupportedOperationException();
    }

    @Override
    public HandleConnection connectAt(String socketPath) {
      throw new UnsupportedOperationException();
    }

    @Override
    public HandleConnection connectBeside() throws IOException {
      if (compositors.isEmpty()) {
        throw new IOException("no compositor listens");
      }
      return compositors.remove().peer.connection;
    }

    @Override
    public String socketFolder() {
      return "/run/lodge";
    }
  }

  @Test
  void theCompositorGetsASocketTheGuestsNameAndSomethingThatEndsWithTheContext() throws Exception {
    Compositor compositor = new Compositor("wl_shm", MANAGER);
    SecurityContext context =
        SecurityContext.open(compositor.peer.connection, "work", "work-1", "/run/lodge/work-1");
    assertEquals(Optional.of("/run/lodge/work-1"), context.socketPath());
    compositor.peer.await(".bind(2, \"wp_security_context_manager_v1\", 1");
    compositor.peer.await("create_listener(new id wp_security_context_v1@6, fd, fd)");
    compositor.peer.await("set_sandbox_engine(\"org.lodge\")");
    compositor.peer.await("set_app_id(\"work\")");
    compositor.peer.await("set_instance_id(\"work-1\")");
    compositor.peer.await("wp_security_context_v1@6.commit()");
    var passed = compositor.peer.connection.handlesToProgram;
    assertEquals(
        "/run/lodge/work-1",
        assertInstanceOf(MemoryConnection.Listener.class, passed.remove()).path());
    assertInstanceOf(MemoryConnection.MemoryPipe.class, passed.remove());
    context.close();
    compositor.peer.awaitClosed();
  }

  @Test
  void aCompositorThatIsStartedAgainGetsAnotherContext() throws Exception {
    Compositor first = new Compositor(MANAGER);
    Compositor second = new Compositor(MANAGER);
    Ways ways = Ways.of(first, second);
    SecurityContexts contexts = new SecurityContexts();
    Optional<String> socket = contexts.lease("work", ways).socketPath();
    assertTrue(socket.orElseThrow().startsWith("/run/lodge/wayland-work-"));
    assertEquals(socket, contexts.lease("work", ways).socketPath());
    first.peer.connection.programCloses();
    while (contexts.lease("work", ways).socketPath().equals(socket)) {
      Thread.onSpinWait();
    }
    second.peer.await("commit");
  }

  @Test
  void aContextLastsAsLongAsTheGuestHasAConnection() throws Exception {
    Compositor first = new Compositor(MANAGER);
    Compositor second = new Compositor(MANAGER);
    Ways ways = Ways.of(first, second);
    SecurityContexts contexts = new SecurityContexts();
    SecurityContexts.Lease one = contexts.lease("work", ways);
    SecurityContexts.Lease two = contexts.lease("work", ways);
    one.close();
    assertTrue(first.peer.connection.isOpen());
    two.close();
    first.peer.awaitClosed();
    assertTrue(contexts.lease("work", ways).socketPath().isPresent());
    second.peer.await("commit");
  }

  @Test
  void aCompositorWithoutTheGlobalIsAskedOnceWhileItIsUsed() {
    Ways ways = Ways.of(new Compositor("wl_shm"));
    SecurityContexts contexts = new SecurityContexts();
    assertEquals(Optional.empty(), contexts.lease("work", ways).socketPath());
    assertEquals(Optional.empty(), contexts.lease("work", ways).socketPath());
    assertEquals(0, ways.compositors().size());
  }

  @Test
  void withoutACompositorThereIsNoContextNow() {
    Ways ways = Ways.of();
    SecurityContexts contexts = new SecurityContexts();
    assertEquals(Optional.empty(), contexts.lease("work", ways).socketPath());
    ways.compositors().add(new Compositor(MANAGER));
    assertTrue(contexts.lease("work", ways).socketPath().isPresent());
  }

  @Test
  void whatTheDisplaysAgentCantMakeIsSaid() {
    Compositor compositor = new Compositor(MANAGER);
    compositor.peer.connection.listenerFailure = OptionalInt.of(13);
    IOException refused = assertThrows(IOException.class, () -> open(compositor.peer));
    assertTrue(refused.getMessage().contains("/run/lodge/work-1"), refused::getMessage);
    assertTrue(refused.getMessage().contains("errno 13"), refused::getMessage);
    assertFalse(compositor.peer.connection.isOpen());
  }

  @Test
  void aCompositorThatRefusesIsQuoted() {
    TestPeer peer = new TestPeer(true);
    peer.onMessage(request -> peer.send(1, WlDisplay.EVENT_ERROR, 1, 2, "no\nmore"));
    IOException refused = assertThrows(IOException.class, () -> open(peer));
    assertTrue(refused.getMessage().contains("no_more"), refused::getMessage);
  }

  @Test
  void aCompositorThatSaysAnythingEndsNothingButTheContext() {
    Random random = new Random(5);
    for (int round = 0; round < 300; round++) {
      TestPeer peer = new TestPeer(true);
      byte[] noise = new byte[random.nextInt(200)];
      random.nextBytes(noise);
      if (round % 2 == 0 && noise.length >= 8) {
        // A header that can be true, of an object that is there.
        noise[0] = (byte) (1 + random.nextInt(7));
        noise[1] = noise[2] = noise[3] = noise[5] = noise[7] = 0;
        noise[4] = (byte) random.nextInt(3);
        noise[6] = (byte) (8 + 4 * random.nextInt(10));
      }
      peer.connection.programSends(noise);
      peer.connection.programCloses();
      assertThrows(IOException.class, () -> open(peer));
    }
  }

  private static SecurityContext open(TestPeer peer) throws IOException {
    return SecurityContext.open(peer.connection, "work", "work-1", "/run/lodge/work-1");
  }
}
