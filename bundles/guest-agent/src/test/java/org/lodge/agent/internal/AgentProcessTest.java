package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.agent.internal.AgentHost.SOON;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;

/** The agent as it is put into guests: one static file, small, and silent while idle. */
@Timeout(60)
class AgentProcessTest {
  private static final long RESIDENT_KIB_MAX = 2048;
  private static final long DECLARED_KIB_MAX = 4096;

  @TempDir Path folder;

  @Test
  void itStaysUnderTwoMebibytesWithManyStalledConnections() throws Exception {
    try (AgentHost host = new AgentHost(folder)) {
      Process agent = host.start("lodge-agent");
      AgentSession session = host.session();
      List<AgentProgram> programs = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        programs.add(session.exec(AgentHost.asMe("cat", "/dev/zero"), SOON));
      }
      ByteBuffer buffer = ByteBuffer.allocate(65536);
      for (int i = 0; i < 200; i++) {
        programs.get(i % 4).stream().read(buffer.clear());
      }
      session.stats(SOON);
      long residentKib = AgentHost.status(agent, "VmHWM");
      assertTrue(residentKib < RESIDENT_KIB_MAX, residentKib + " KiB are resident");
      programs.forEach(AgentProgram::close);
      session.ping(SOON);
    }
  }

  /** Where memory may not be promised beyond what there is, all that is declared counts. */
  @Test
  void itDeclaresNoTablesBeforeItNeedsThem() throws Exception {
    try (AgentHost host = new AgentHost(folder)) {
      Process agent = host.start("lodge-agent");
      host.session().ping(SOON);
      long declaredKib = AgentHost.status(agent, "VmData");
      assertTrue(declaredKib < DECLARED_KIB_MAX, declaredKib + " KiB are declared");
    }
  }

  @Test
  void inAnInitramfsItTakesNothingThatWouldBeLostWithIt() throws Exception {
    try (AgentHost host = new AgentHost(folder)) {
      host.startInInitramfs();
      Session session = (Session) host.session();
      Path file = folder.resolve("file");
      ByteBuffer listen =
          Wire.listen(file.toString(), 0600, AgentHost.uid(), AgentHost.gid(), "a", "", "b");
      Map<Integer, ByteBuffer> requests =
          Map.of(
              Wire.EXEC, Wire.exec(AgentHost.asMe("true"), 1, 2),
              Wire.PUT, Wire.put(3, 5, 0644, file.toString()),
              Wire.GET, Wire.get(4, "/etc/hostname"),
              Wire.OPEN, Wire.openTcp(5, 1),
              Wire.OPEN_HANDLES, Wire.openUnix(6, folder.resolve("socket").toString()),
              Wire.LISTEN, listen);
      requests.forEach((type, body) -> {
        AgentException no =
            assertThrows(
                AgentException.class, () -> session.channel().call(type, body, SOON), "" + type);
        assertEquals(Wire.EINPROGRESS, no.errno(), no.getMessage());
      });
      assertFalse(Files.exists(file));
      session.ping(SOON);
      session.clocks(SOON);

      CompletableFuture<Void> waits = CompletableFuture.runAsync(() -> putSoon(session, file));
      host.start("lodge-agent-sanitized", "ready");
      waits.get(20, TimeUnit.SECONDS);
      assertEquals("bytes", Files.readString(file));
    }
  }

  private static void putSoon(AgentSession session, Path file) {
    try {
      put(session, file, SOON);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void put(AgentSession session, Path file, Duration limit) throws IOException {
    byte[] content = "bytes".getBytes(StandardCharsets.UTF_8);
    session.put(
        file.toString(),
        0644,
        content.length,
        Channels.newChannel(new ByteArrayInputStream(content)),
        limit);
  }

  @Test
  void itSleepsWhileItsPeersAreStalled() throws Exception {
    try (AgentHost host = new AgentHost(folder)) {
      Process agent = host.start("lodge-agent");
      AgentSession session = host.session();
      AgentProgram stalled = session.exec(AgentHost.asMe("cat", "/dev/zero"), SOON);
      AgentProgram ended = session.exec(AgentHost.asMe("head", "-c", "500000", "/dev/zero"), SOON);
      session.ping(SOON);
      awaitRest(agent);
      stalled.close();
      ended.close();
    }
  }

  /** It may take its time to come to rest, on a machine that does much else. */
  private static void awaitRest(Process agent) throws Exception {
    long end = System.nanoTime() + SOON.toNanos();
    long before = -1;
    long now = AgentHost.status(agent, "voluntary_ctxt_switches");
    while (now != before) {
      assertTrue(System.nanoTime() < end, "it never rests");
      Thread.sleep(300);
      before = now;
      now = AgentHost.status(agent, "voluntary_ctxt_switches");
    }
  }

  @Test
  void theBundleCarriesTheProgram() throws Exception {
    try (InputStream program = new AgentsComponent().program()) {
      byte[] bytes = program.readAllBytes();
      assertEquals(0x7f, bytes[0]);
      assertEquals('E', bytes[1]);
    }
  }
}
