package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.AgentSession;

/** Programs of a guest's ordinary users, which can dial the host but have no port of root. */
@Timeout(30)
class StrangerTest {
  private static final String AGENT = "lodge-agent-sanitized";
  private static final long OF_ANYBODY = 1024;

  @TempDir Path folder;
  private AgentHost host;

  @BeforeEach
  void start() throws Exception {
    host = new AgentHost(folder);
  }

  @AfterEach
  void stop() throws Exception {
    host.close();
  }

  private static ByteBuffer asAgent() {
    ByteBuffer all = ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN);
    all.putInt(0x4147444c).putShort((short) 1).putShort((short) Wire.MAIN).position(32);
    ByteBuffer hello = Wire.buffer(14).putInt(1).putInt(1 << 16).position(14).flip();
    return all.put(Wire.message(Wire.HELLO, 0, hello)).flip();
  }

  private static boolean hasEnded(SocketChannel channel) {
    try {
      return channel.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  @Test
  void nobodyButRootBecomesTheAgent() throws Exception {
    host.startAgent();
    AgentSession session = host.session();
    host.guestPort = OF_ANYBODY;
    try (SocketChannel stranger = SocketChannel.open(UnixDomainSocketAddress.of(host.path))) {
      stranger.write(asAgent());
      assertTrue(hasEnded(stranger));
    }
    assertSame(session, host.session());
    host.guestPort = OF_ANYBODY - 1;
    try (SocketChannel agent = SocketChannel.open(UnixDomainSocketAddress.of(host.path))) {
      agent.write(asAgent());
      while (host.session() == session) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void nobodyButRootSaysThatTheGuestHasComeUp() throws Exception {
    host.startAgent();
    host.session();
    host.guestPort = OF_ANYBODY;
    assertEquals(1, host.start(AGENT, "ready").waitFor());
    assertFalse(host.agents.isReady(AgentHost.GUEST));
  }

  @Test
  void everybodyCallsAndIsKnownFromRoot() throws Exception {
    AtomicBoolean asRoot = new AtomicBoolean(true);
    host.agents.setCallHandler(call -> {
      asRoot.set(call.asRoot());
      call.accept().close();
    });
    host.guestPort = OF_ANYBODY;
    Process call = host.start(AGENT, "call", "vault", "sign");
    call.getOutputStream().close();
    assertEquals(0, call.waitFor());
    assertFalse(asRoot.get());
  }

  @Test
  void linesAboutThemAreFew() {
    AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1);
    Seldom seldom = new Seldom(now::get);
    assertEquals(1, seldom.note("work"));
    for (int i = 0; i < 100; i++) {
      assertEquals(0, seldom.note("work"));
    }
    assertEquals(1, seldom.note("vault"));
    now.addAndGet(10_000_000_000L);
    assertEquals(101, seldom.note("work"));
    assertTrue(seldom.note("work") == 0);
  }
}
