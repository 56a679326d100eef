package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.agent.internal.AgentHost.SOON;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.AgentInfo;
import org.lodge.agent.AgentSession;

/** Both ends of the protocol, given what their peer should never send. */
@Timeout(120)
class ProtocolFuzzTest {
  @TempDir Path folder;

  @Test
  void theAgentsReaderStaysWithinItsBounds() throws Exception {
    run("fuzz");
  }

  @Test
  void connectionsWithHandlesLeaveNothingBehind() throws Exception {
    run("fuzz_carriage");
  }

  @Test
  void aShareGivesNothingFromOutsideAndKeepsNothing() throws Exception {
    run("fuzz_share");
  }

  @Test
  void noRaceOfNamesAndLinksLeadsOutOfAShare() throws Exception {
    run("race_share", Boolean.getBoolean("lodge.long") ? "60" : "5");
  }

  @Test
  void aFileWithTheInodeOfOneThatIsGoneIsAnother() throws Exception {
    run("stale_share");
  }

  @Test
  void aDirectoryThatIsNotOpenIsListedToItsEndOrNotAtAll() throws Exception {
    run("listed_share");
  }

  private static void run(String program) throws Exception {
    run(program, "2", "7");
  }

  private static void run(String program, String... arguments) throws Exception {
    Path path = Path.of("target", "agent", program).toAbsolutePath();
    ProcessBuilder builder = new ProcessBuilder(path.toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().putAll(Map.of("ASAN_OPTIONS", "abort_on_error=1"));
    Process fuzz = builder.redirectErrorStream(true).start();
    String output = new String(fuzz.getInputStream().readAllBytes());
    assertEquals(0, fuzz.waitFor(), output);
  }

  /** Only what starts nothing: the agent under test runs on this host. */
  @Test
  void anAgentSurvivesAHostThatTalksNonsense() throws Exception {
    try (AgentHost host = new AgentHost(folder)) {
      Process agent = host.startAgent();
      Random random = new Random(3);
      for (int round = 0; round < 40; round++) {
        AgentSession session = host.session();
        if (session instanceof Session open && open.isOpen()) {
          for (int i = 0; i < 20 && open.isOpen(); i++) {
            nonsense(open, random);
          }
          open.close();
        }
        assertTrue(agent.isAlive());
      }
      AgentSession last = host.session();
      while (!last.isOpen()) {
        last = host.session();
      }
      last.ping(SOON);
    }
  }

  @Test
  void anAgentHangsUpOnAMessageThatIsTooLong() throws Exception {
    try (AgentHost host = new AgentHost(folder)) {
      host.vanish();
      try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
        server.bind(UnixDomainSocketAddress.of(host.path));
        Process agent = host.startAgent();
        for (int round = 0; round < 3; round++) {
          try (SocketChannel channel = server.accept()) {
            ChannelStream stream = new ChannelStream(channel, AgentHost.GUEST);
            assertEquals(Wire.MAIN, Wire.readPreface(stream).kind());
            assertEquals(Wire.HELLO, Wire.readMessage(stream).type());
            stream.write(Wire.buffer(16).putInt(0, Wire.BODY_BYTES_MAX + 1 + round));
            assertEquals(-1, stream.read(ByteBuffer.allocate(1)));
          }
        }
        assertTrue(agent.isAlive());
      }
    }
  }

  private static void nonsense(Session session, Random random) {
    int type =
        switch (random.nextInt(4)) {
          case 0 -> 100 + random.nextInt(60_000);
          case 1 -> Wire.RESIZE;
          case 2 -> Wire.UNLISTEN;
          default -> Wire.SHUTDOWN;
        };
    byte[] body = new byte[random.nextInt(5) == 0 ? random.nextInt(65_537) : random.nextInt(30)];
    random.nextBytes(body);
    try {
      session.channel().send(type, random.nextLong(), ByteBuffer.wrap(body));
    } catch (Exception expected) {
      assertFalse(expected instanceof RuntimeException);
    }
  }

  @Test
  void theHostSurvivesAnAgentThatTalksNonsense() throws Exception {
    try (AgentHost host = new AgentHost(folder)) {
      Random random = new Random(9);
      for (int i = 0; i < 400; i++) {
        try (SocketChannel agent = SocketChannel.open(UnixDomainSocketAddress.of(host.path))) {
          ByteBuffer bytes = Wire.buffer(4096);
          bytes.putInt(random.nextInt(20) == 0 ? 0 : Wire.MAGIC).putShort((short) 1);
          bytes.putShort((short) random.nextInt(6)).putLong(random.nextLong());
          bytes.putShort((short) (random.nextInt(4) == 0 ? random.nextInt() : 0));
          bytes.putShort((short) 0).putInt(0).putLong(0);
          if (random.nextBoolean()) {
            hello(bytes);
          }
          for (int message = 0; message < 10; message++) {
            int length = random.nextInt(60);
            bytes.putInt(random.nextInt(10) == 0 ? random.nextInt() : length);
            bytes.putShort((short) (random.nextInt(5) == 0 ? random.nextInt() : 33));
            bytes.putShort((short) 0).putLong(random.nextInt(5));
            byte[] body = new byte[length];
            random.nextBytes(body);
            bytes.put(body);
          }
          agent.write(bytes.flip());
        } catch (java.io.IOException hungUpOnUs) {
          assertFalse(hungUpOnUs.getMessage().isEmpty());
        }
      }
      Process agent = host.startAgent();
      AgentInfo real = null;
      while (real == null || real.hostName().equals("h")) {
        real = host.session().info();
      }
      host.session().ping(SOON);
      agent.destroy();
      assertTrue(agent.waitFor(10, TimeUnit.SECONDS));
    }
  }

  private static void hello(ByteBuffer bytes) {
    bytes.putInt(8 + 3 * 3).putShort((short) Wire.HELLO).putShort((short) 0).putLong(0);
    bytes.putInt(Wire.VERSION).putInt(0x10000);
    for (int i = 0; i < 3; i++) {
      bytes.putShort((short) 1).put((byte) 'h');
    }
  }
}
