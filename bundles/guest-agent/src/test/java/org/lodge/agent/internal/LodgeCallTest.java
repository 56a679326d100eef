package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.lodge.agent.internal.AgentHost.SOON;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.vsock.VsockStream;

/** How a call ends for the program that made it, and as whom programs run that serve one. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class LodgeCallTest {
  private static final String AGENT = "lodge-agent-sanitized";
  private static final ExitStatus WELL = new ExitStatus(0, 0);

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

  private int endOf(CompletableFuture<ExitStatus> outcome) throws Exception {
    host.agents.setCallHandler(call -> {
      try (VsockStream stream = call.accept(outcome)) {
        stream.write(ByteBuffer.wrap("answer".getBytes(StandardCharsets.US_ASCII)));
      }
    });
    Process call = host.start(AGENT, "call", "vault", "sign");
    call.getOutputStream().close();
    assertEquals("answer", new String(call.getInputStream().readAllBytes()));
    return call.waitFor();
  }

  @Test
  void aCallEndsAsWhatServedIt() throws Exception {
    assertEquals(0, endOf(CompletableFuture.completedFuture(new ExitStatus(0, 0))));
    assertEquals(3, endOf(CompletableFuture.completedFuture(new ExitStatus(3, 0))));
    assertEquals(128 + 15, endOf(CompletableFuture.completedFuture(new ExitStatus(0, 15))));
  }

  @Test
  void aCallEndsOnlyOnceWhatServedItHas() throws Exception {
    CompletableFuture<ExitStatus> later = new CompletableFuture<>();
    later.completeOnTimeout(new ExitStatus(5, 0), 300, TimeUnit.MILLISECONDS);
    assertEquals(5, endOf(later));
  }

  @Test
  void aCallWhoseServantIsLostDoesNotLookDone() throws Exception {
    assertEquals(125, endOf(CompletableFuture.failedFuture(new IOException("gone"))));
  }

  @Test
  void aConnectionThatIsCutOffDoesNotLookDone() throws Exception {
    host.agents.setCallHandler(call -> {
      VsockStream stream = call.accept(new CompletableFuture<>());
      stream.write(ByteBuffer.wrap(new byte[10]));
      stream.read(ByteBuffer.allocate(1));
      host.vanish();
    });
    Process call = host.start(AGENT, "call", "vault", "sign");
    call.getOutputStream().write(new byte[1]);
    call.getOutputStream().flush();
    assertEquals(125, call.waitFor());
  }

  /** As base64 does, and any program whose output is larger than its input. */
  @Test
  void aServiceMayWriteBeforeItHasReadAll() throws Exception {
    int bytes = 3_000_000;
    host.agents.setCallHandler(call -> {
      try (VsockStream stream = call.accept(CompletableFuture.completedFuture(WELL))) {
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        while (stream.read(buffer.clear()) >= 0) {
          stream.write(buffer.flip());
          stream.write(buffer.rewind());
        }
      }
    });
    Process call = host.start(AGENT, "call", "vault", "filter");
    Thread.ofVirtual().start(() -> feed(call, bytes));
    CompletableFuture<Integer> answered = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> answered.complete(drain(call)));
    assertEquals(2 * bytes, answered.get(20, TimeUnit.SECONDS));
    assertEquals(0, call.waitFor());
  }

  private static void feed(Process call, int bytes) {
    try (OutputStream to = call.getOutputStream()) {
      to.write(new byte[bytes]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int drain(Process call) {
    try {
      return call.getInputStream().readAllBytes().length;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Here the service may end before all was written that it does not want. */
  @Test
  void aServiceMayEndBeforeItsInput() throws Exception {
    host.agents.setCallHandler(call -> {
      try (VsockStream stream =
          call.accept(CompletableFuture.completedFuture(new ExitStatus(3, 0)))) {
        stream.write(ByteBuffer.wrap("done".getBytes(StandardCharsets.US_ASCII)));
      }
    });
    Process call = host.start(AGENT, "call", "vault", "first");
    assertEquals("done", new String(call.getInputStream().readAllBytes()));
    assertEquals(3, call.waitFor());
  }

  /** As one does whose output is a file: the shell has put that in place of the call. */
  @Test
  void aProgramMayEndItsOutputBeforeItHasReadAll() throws Exception {
    int bytes = 3_000_000;
    CompletableFuture<Integer> stored = new CompletableFuture<>();
    host.agents.setCallHandler(call -> {
      CompletableFuture<ExitStatus> outcome = new CompletableFuture<>();
      VsockStream stream = call.acceptProgram(outcome);
      stream.shutdownOutput();
      stored.complete(count(stream));
      outcome.complete(new ExitStatus(7, 0));
    });
    Process call = host.start(AGENT, "call", "vault", "store");
    Thread.ofVirtual().start(() -> feed(call, bytes));
    assertEquals(7, call.waitFor());
    assertEquals(bytes, stored.get());
  }

  /** What the caller types next would never be asked for. */
  @Test
  void aServerThatEndsItsOutputIsDone() throws Exception {
    host.agents.setCallHandler(call -> {
      CompletableFuture<ExitStatus> outcome = new CompletableFuture<>();
      VsockStream stream = call.accept(outcome);
      stream.shutdownOutput();
      count(stream);
      outcome.complete(WELL);
    });
    assertEquals(0, host.start(AGENT, "call", "vault", "greet").waitFor());
  }

  private static int count(VsockStream stream) throws IOException {
    int bytes = 0;
    ByteBuffer buffer = ByteBuffer.allocate(8192);
    for (int some = 0; some >= 0; some = stream.read(buffer.clear())) {
      bytes += some;
    }
    return bytes;
  }

  /** Their numbers must not become the connection's, which would be fed with itself. */
  @Test
  void whatIsClosedBeforehandFailsAsThat() throws Exception {
    host.agents.setCallHandler(call -> {
      CompletableFuture<ExitStatus> outcome = new CompletableFuture<>();
      try (VsockStream stream = call.acceptProgram(outcome)) {
        stream.write(ByteBuffer.wrap("answer".getBytes(StandardCharsets.US_ASCII)));
        count(stream);
      } finally {
        outcome.complete(WELL);
      }
    });
    assertEquals(1, started("0<&-").waitFor());
    assertEquals(1, started("1>&-").waitFor());
    Process withoutErrors = started("2>&-");
    withoutErrors.getOutputStream().close();
    assertEquals("answer", new String(withoutErrors.getInputStream().readAllBytes()));
    assertEquals(0, withoutErrors.waitFor());
  }

  private Process started(String redirection) throws IOException {
    List<String> by = List.of("sh", "-c", "exec \"$@\" " + redirection, "sh");
    return host.start(by, AGENT, "call", "vault", "echo");
  }

  @Test
  void whatIsCalledWronglySaysHow() throws Exception {
    assertEquals(2, host.start(AGENT, "call", "", "sign").waitFor());
    assertEquals(2, host.start(AGENT, "call", "vault", "").waitFor());
    assertEquals(2, host.start(AGENT, "call", "vault").waitFor());
    Path call = folder.resolve("lodge-call");
    Files.createSymbolicLink(call, Path.of("target", "agent", AGENT).toAbsolutePath());
    Process help = new ProcessBuilder(call.toString(), "--help").start();
    String told = new String(help.getInputStream().readAllBytes());
    assertTrue(told.startsWith("usage: lodge-call TARGET SERVICE [ARGUMENT]\n"), told);
    assertEquals(0, help.waitFor());
  }

  @Test
  void anInputThatCantBeReadDoesNotLookDone() throws Exception {
    assertEquals(1, endReading("/"));
    assertEquals(0, endReading("/dev/null"));
  }

  private int endReading(String input) throws Exception {
    host.agents.setCallHandler(call -> {
      try (VsockStream stream = call.accept(CompletableFuture.completedFuture(WELL))) {
        assertEquals(-1, stream.read(ByteBuffer.allocate(1)));
      }
    });
    List<String> reading = List.of("sh", "-c", "exec \"$@\" <" + input, "sh");
    return host.start(reading, AGENT, "call", "vault", "store").waitFor();
  }

  @Test
  void onlyTheCallerMayAskAndOnlyOnce() {
    Statuses statuses = new Statuses();
    long token =
        statuses.expect("work", CompletableFuture.completedFuture(new ExitStatus(0, 0)), false);
    assertNull(statuses.take("vault", token));
    assertNull(statuses.take("work", token + 1));
    assertTrue(statuses.take("work", token).isDone());
    assertNull(statuses.take("work", token));
  }

  @Test
  void aProgramRunsAsAUserThatTheGuestKnows() throws Exception {
    assumeTrue(AgentHost.uid() == 0, "only root may become others");
    host.startAgent();
    ExecRequest request =
        ExecRequest.of("sh", "-c", "id -un; echo $HOME $USER $LOGNAME; id -G").as("daemon");
    try (AgentProgram program = host.session().exec(request, SOON)) {
      List<String> lines = read(program.stream()).lines().toList();
      assertEquals("daemon", lines.get(0));
      assertTrue(lines.get(1).endsWith("daemon daemon"), lines.get(1));
      assertFalse(lines.get(1).startsWith("/root"), lines.get(1));
      assertFalse(List.of(lines.get(2).split(" ")).contains("0"), lines.get(2));
    }
    try (AgentProgram program = host.session().exec(ExecRequest.of("true").as("daemon"), SOON)) {
      assertEquals(new ExitStatus(0, 0), program.exit().toCompletableFuture().get());
    }
    AgentException unknown =
        assertThrows(
            AgentException.class,
            () -> host.session().exec(ExecRequest.of("id").as("no-one-here"), SOON));
    assertTrue(unknown.getMessage().contains("no such user"), unknown.getMessage());
  }

  @Test
  void errorsMayStayInTheGuest() throws Exception {
    host.startAgent();
    ExecRequest request =
        new ExecRequest(
            List.of("sh", "-c", "echo wrong >&2; echo right"),
            Map.of("PATH", "/usr/bin:/bin"),
            "",
            AgentHost.uid(),
            AgentHost.gid(),
            Optional.empty(),
            Optional.empty(),
            true);
    try (AgentProgram program = host.session().exec(request, SOON)) {
      assertTrue(program.errors().isEmpty());
      assertEquals("right\n", read(program.stream()));
    }
  }

  @Test
  void aProgramWhoseCallerIsGoneGetsAHangUp() throws Exception {
    host.startAgent();
    AgentProgram program = host.session().exec(AgentHost.asMe("sleep", "1000"), SOON);
    program.stream().reset();
    program.errors().orElseThrow().reset();
    assertEquals(
        new ExitStatus(0, 1), program.exit().toCompletableFuture().get(20, TimeUnit.SECONDS));
  }

  /** An agent that never tells of ends would have the host keep one entry for each program. */
  @Test
  void nobodyWaitsForAProgramThatWasLetGo() throws Exception {
    host.startAgent();
    AgentProgram program = host.session().exec(AgentHost.asMe("sleep", "1000"), SOON);
    CompletableFuture<ExitStatus> exit = program.exit().toCompletableFuture();
    program.close();
    assertTrue(exit.isCompletedExceptionally());
  }

  private static String read(VsockStream stream) throws IOException {
    StringBuilder all = new StringBuilder();
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    while (stream.read(buffer.clear()) >= 0) {
      all.append(StandardCharsets.UTF_8.decode(buffer.flip()));
    }
    return all.toString();
  }
}
