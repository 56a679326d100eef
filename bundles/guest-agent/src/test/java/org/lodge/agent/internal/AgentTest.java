package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.agent.internal.AgentHost.SOON;
import static org.lodge.agent.internal.AgentHost.asMe;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentFile;
import org.lodge.agent.AgentListener;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.agent.GuestClocks;
import org.lodge.agent.GuestStats;
import org.lodge.agent.ShutdownKind;
import org.lodge.vsock.VsockStream;

/** The agent's program, run on this host under the sanitizers, with the host's side of Lodge. */
@Timeout(120)
class AgentTest {
  private static final int ENOENT = 2;
  private static final int EISDIR = 21;
  private static final int EPERM = 1;
  private static final int ECONNREFUSED = 111;
  private static final int SIGTERM = 15;

  @TempDir Path folder;
  private AgentHost host;
  private Process agent;
  private AgentSession session;

  @BeforeEach
  void start() throws Exception {
    host = new AgentHost(folder);
    agent = host.startAgent();
    session = host.session();
  }

  @AfterEach
  void stop() throws Exception {
    assertTrue(agent.isAlive(), "the agent has ended");
    host.close();
  }

  private static String readAll(VsockStream stream) throws IOException {
    return new String(bytes(stream), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(VsockStream stream) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(65536);
    while (stream.read(buffer.clear()) >= 0) {
      all.write(buffer.array(), 0, buffer.position());
    }
    return all.toByteArray();
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static ExitStatus exit(AgentProgram program) throws Exception {
    return program.exit().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private AgentProgram shell(String script) throws IOException {
    return session.exec(asMe("sh", "-c", script), SOON);
  }

  /** Where guest and host are one, System.nanoTime is the same clock. */
  @Test
  void itsClocksAreReadBetweenCallAndReturn() throws Exception {
    long before = System.nanoTime();
    long dayBefore = System.currentTimeMillis();
    GuestClocks clocks = session.clocks(SOON);
    assertTrue(before <= clocks.monotonicNanos() && clocks.monotonicNanos() <= System.nanoTime());
    assertTrue(clocks.rawNanos() > 0);
    long day = clocks.realtimeNanos() / 1_000_000;
    assertTrue(dayBefore <= day && day <= System.currentTimeMillis());
  }

  @Test
  void itSaysWhoItIs() throws Exception {
    assertEquals("1.0", session.info().version());
    assertEquals(
        Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip(),
        session.info().bootId());
    session.ping(SOON);
  }

  @Test
  void aProgramGetsItsInputAndGivesOutputErrorsAndCode() throws Exception {
    try (AgentProgram program = shell("cat; echo wrong >&2; exit 7")) {
      program.stream().write(text("through and through"));
      program.stream().shutdownOutput();
      assertEquals("through and through", readAll(program.stream()));
      assertEquals("wrong\n", readAll(program.errors().orElseThrow()));
      assertEquals(new ExitStatus(7, 0), exit(program));
    }
  }

  @Test
  void aProgramHasTheArgumentsEnvironmentAndFolderThatWereGiven() throws Exception {
    ExecRequest plain = asMe("sh", "-c", "echo \"$0|$1|$HOME|$PWD\"", "a b", "");
    ExecRequest request =
        new ExecRequest(
            plain.arguments(),
            plain.environment(),
            folder.toString(),
            plain.uid(),
            plain.gid(),
            plain.terminal());
    try (AgentProgram program = session.exec(request, SOON)) {
      assertEquals("a b||/root|%s\n".formatted(folder.toRealPath()), readAll(program.stream()));
    }
  }

  @Test
  void whatCanNotBeRunIsAnErrorThatSaysWhy() {
    AgentException failure =
        assertThrows(AgentException.class, () -> session.exec(asMe("no-such-program"), SOON));
    assertEquals(ENOENT, failure.errno());
    assertTrue(failure.getMessage().contains("No such file"), failure.getMessage());
  }

  @Test
  void aProgramWithATerminalSeesItsSizeAndItsChange() throws Exception {
    ExecRequest request =
        asMe("sh", "-c", "test -t 0 && test -t 2 && stty size; read x; stty size")
            .withTerminal(33, 99);
    try (AgentProgram program = session.exec(request, SOON)) {
      ByteBuffer first = ByteBuffer.allocate(7);
      while (first.hasRemaining() && program.stream().read(first) >= 0) {}
      assertEquals("33 99\r\n", new String(first.array(), StandardCharsets.US_ASCII));
      program.resize(44, 111);
      program.stream().write(text("\n"));
      String rest = readAll(program.stream());
      assertTrue(rest.contains("44 111"), rest);
      assertEquals(new ExitStatus(0, 0), exit(program));
    }
  }

  @Test
  void aSignalEndsAProgram() throws Exception {
    try (AgentProgram program = shell("exec sleep 1000")) {
      program.signal(SIGTERM);
      assertEquals(new ExitStatus(0, SIGTERM), exit(program));
      assertEquals(143, exit(program).shellCode());
    }
  }

  @Test
  void aGuestsProgramThatWaitsDoesNotHoldTheOthers() throws Exception {
    byte[] sent = random(3 << 20);
    try (AgentProgram stuck = shell("cat /dev/zero");
        AgentProgram fine = shell("cat")) {
      CompletableFuture<Void> writer =
          CompletableFuture.runAsync(() -> {
            try {
              fine.stream().write(ByteBuffer.wrap(sent));
              fine.stream().shutdownOutput();
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      assertArrayEquals(sent, bytes(fine.stream()));
      writer.get(20, TimeUnit.SECONDS);
      assertEquals(new ExitStatus(0, 0), exit(fine));
      assertFalse(stuck.exit().toCompletableFuture().isDone());
    }
  }

  @Test
  void aBackgroundProgramKeepsItsOutputAfterTheShellHasEnded() throws Exception {
    try (AgentProgram program = shell("(read x < /dev/tty; sleep 0.2; echo late) & exit 3")) {
      assertEquals(new ExitStatus(3, 0), exit(program));
      assertEquals("late\n", readAll(program.stream()));
    }
  }

  @Test
  void filesGoInAndOutWhole() throws Exception {
    byte[] content = random(1_000_000);
    String path = folder.resolve("file with ünicode").toString();
    session.put(
        path, 0640, content.length, Channels.newChannel(new ByteArrayInputStream(content)), SOON);
    assertArrayEquals(content, Files.readAllBytes(Path.of(path)));
    assertEquals(
        "rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(path))));
    try (AgentFile file = session.get(path, SOON)) {
      assertEquals(content.length, file.sizeBytes());
      assertEquals(0640, file.mode());
      assertArrayEquals(content, bytes(file.content()));
    }
    session.put(path, 0600, 0, Channels.newChannel(new ByteArrayInputStream(new byte[0])), SOON);
    assertEquals(0, Files.size(Path.of(path)));
  }

  @Test
  void aFileThatDoesNotArriveWholeLeavesTheFormerOne() throws Exception {
    Path path = folder.resolve("precious");
    Files.writeString(path, "as it was");
    assertThrows(
        AgentException.class,
        () ->
            session.put(
                path.toString(),
                0600,
                1000,
                Channels.newChannel(new ByteArrayInputStream(new byte[999])),
                SOON));
    session.ping(SOON);
    assertEquals("as it was", Files.readString(path));
    session.put(
        path.toString(), 0600, 3, Channels.newChannel(new ByteArrayInputStream(new byte[3])), SOON);
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void whatIsNoFileIsRefused() {
    assertEquals(
        EISDIR,
        assertThrows(AgentException.class, () -> session.get(folder.toString(), SOON)).errno());
    assertEquals(
        ENOENT,
        assertThrows(AgentException.class, () -> session.get("/no/such/file", SOON)).errno());
    assertEquals(
        ENOENT,
        assertThrows(
                AgentException.class,
                () ->
                    session.put(
                        "/no/such/file",
                        0600,
                        1,
                        Channels.newChannel(new ByteArrayInputStream(new byte[1])),
                        SOON))
            .errno());
    assertThrows(AgentException.class, () -> session.get("relative", SOON));
  }

  @Test
  void anAgentOutsideOfAGuestShutsNothingDown() {
    assertEquals(
        EPERM,
        assertThrows(AgentException.class, () -> session.shutdown(ShutdownKind.POWER_OFF, SOON))
            .errno());
  }

  @Test
  void statisticsArePlausible() throws Exception {
    GuestStats stats = session.stats(SOON);
    assertTrue(stats.upMillis() > 0);
    assertEquals(3, stats.loads().size());
    assertTrue(stats.memoryAvailableBytes() > 0);
    assertTrue(stats.memoryAvailableBytes() <= stats.memoryBytes());
    assertTrue(stats.diskAvailableBytes() <= stats.diskBytes());
  }

  @Test
  void aServerInTheGuestSeesAnOrdinaryConnection() throws Exception {
    Path path = folder.resolve("server");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      VsockStream stream = session.openUnix(path.toString(), SOON);
      stream.write(text("hello"));
      stream.shutdownOutput();
      try (SocketChannel accepted = server.accept()) {
        assertEquals(
            "hello",
            new String(Channels.newInputStream(accepted).readAllBytes(), StandardCharsets.UTF_8));
        accepted.write(text("good bye"));
      }
      assertEquals("good bye", readAll(stream));
    }
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      VsockStream stream = session.openTcp(server.getLocalPort(), SOON);
      try (Socket accepted = server.accept()) {
        accepted.getOutputStream().write('x');
      }
      assertEquals("x", readAll(stream));
    }
  }

  @Test
  void aServerThatIsNotThereIsAnError() throws Exception {
    int unused;
    try (ServerSocket server = new ServerSocket()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      unused = server.getLocalPort();
    }
    assertEquals(
        ECONNREFUSED,
        assertThrows(AgentException.class, () -> session.openTcp(unused, SOON)).errno());
    assertEquals(
        ENOENT,
        assertThrows(AgentException.class, () -> session.openUnix("/no/such/socket", SOON))
            .errno());
  }

  @Test
  void aSocketInTheGuestLeadsToAService() throws Exception {
    host.agents.setCallHandler(call -> {
      assertEquals(AgentHost.GUEST, call.guest());
      if (call.argument().equals("no")) {
        call.refuse("not for you");
      } else {
        try (VsockStream stream = call.accept()) {
          stream.write(text(call.service() + "+" + call.argument() + "@" + call.target() + ":"));
          stream.write(ByteBuffer.wrap(bytes(stream)));
        }
      }
    });
    Path path = folder.resolve("service");
    session.listen(
        path.toString(), 0600, AgentHost.uid(), AgentHost.gid(), "sign", "key", "vault", SOON);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    for (int i = 0; i < 20; i++) {
      try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
        client.write(text("data"));
        client.shutdownOutput();
        assertEquals(
            "sign+key@vault:data",
            new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    session.listen(
        path.toString(), 0600, AgentHost.uid(), AgentHost.gid(), "sign", "no", "@default", SOON);
    try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertEquals(-1, client.read(ByteBuffer.allocate(1)));
    }
    session.unlisten(path.toString(), SOON);
    assertFalse(Files.exists(path));
  }

  @Test
  void aProgramOfTheGuestCallsAService() throws Exception {
    host.agents.setCallHandler(call -> {
      if (call.service().equals("secret")) {
        call.refuse("not for you");
      } else {
        try (VsockStream stream = call.accept()) {
          stream.write(ByteBuffer.wrap(bytes(stream)));
          stream.write(text("/" + call.argument()));
        }
      }
    });
    Process call = host.start("lodge-agent-sanitized", "call", "vault", "sign", "key");
    call.getOutputStream().write(random(200_000));
    call.getOutputStream().close();
    byte[] answer = call.getInputStream().readAllBytes();
    assertEquals(0, call.waitFor());
    assertEquals(200_004, answer.length);
    Process refused = host.start("lodge-agent-sanitized", "call", "@default", "secret");
    assertEquals(126, refused.waitFor());
  }

  @Test
  void theGuestSaysWhenItHasComeUp() throws Exception {
    List<String> ready = new ArrayList<>();
    host.agents.addListener(
        new AgentListener() {
          @Override
          public void ready(String guest) {
            ready.add(guest);
          }
        });
    assertFalse(host.agents.isReady(AgentHost.GUEST));
    assertEquals(0, host.start("lodge-agent-sanitized", "ready").waitFor());
    assertEquals(0, host.start("lodge-agent-sanitized", "ready").waitFor());
    assertEquals(List.of(AgentHost.GUEST), ready);
    assertTrue(host.agents.isReady(AgentHost.GUEST));
  }

  /** A Lodge that was not there when the guest came up hears of it all the same. */
  @Test
  void anAgentThatConnectsAgainSaysThatTheGuestHasComeUp() throws Exception {
    assertEquals(0, host.start("lodge-agent-sanitized", "ready").waitFor());
    Semaphore gone = new Semaphore(0);
    host.agents.addListener(
        new AgentListener() {
          @Override
          public void disconnected(AgentSession session) {
            gone.release();
          }
        });
    host.vanish();
    assertTrue(gone.tryAcquire(20, TimeUnit.SECONDS));
    assertFalse(host.agents.isReady(AgentHost.GUEST));
    assertTrue(host.agents.isLost(AgentHost.GUEST));
    host.listen();
    session = host.session();
    assertTrue(host.agents.isReady(AgentHost.GUEST));
    assertFalse(host.agents.isLost(AgentHost.GUEST));
    Files.writeString(Path.of(host.path + ".up"), "of another boot");
    host.vanish();
    assertTrue(gone.tryAcquire(20, TimeUnit.SECONDS));
    host.listen();
    session = host.session();
    assertFalse(host.agents.isReady(AgentHost.GUEST));
  }

  @Test
  void aLodgeThatVanishesAndComesBackIsFoundAgain() throws Exception {
    AgentProgram running = shell("exec sleep 1000");
    host.vanish();
    assertThrows(Exception.class, () -> exit(running));
    assertFalse(session.isOpen());
    host.listen();
    session = host.session();
    session.ping(SOON);
    try (AgentProgram program = shell("echo fine; exit 4")) {
      assertEquals("fine\n", readAll(program.stream()));
      assertEquals(4, exit(program).code());
    }
    // It was told to end, and may not have had the time.
    ProcessHandle former = ProcessHandle.of(running.pid()).orElse(null);
    if (former != null) {
      former.onExit().get(20, TimeUnit.SECONDS);
    }
  }

  @Test
  void anAgentThatIsKilledFailsWhatWaitsAndItsSuccessorServes() throws Exception {
    AgentProgram running = shell("exec sleep 1000");
    agent.destroyForcibly().waitFor();
    assertThrows(Exception.class, () -> exit(running));
    agent = host.startAgent();
    AgentSession former = session;
    while (host.session() == former) {
      Thread.onSpinWait();
    }
    session = host.session();
    session.ping(SOON);
    ProcessHandle.of(running.pid()).ifPresent(ProcessHandle::destroyForcibly);
  }

  /** Other guests call services: they can't take what the host needs to look after this one. */
  @Test
  void servicesLeaveRoomForTheHostsOwnPrograms() throws Exception {
    ExecRequest plain = asMe("sleep", "1000");
    ExecRequest service =
        new ExecRequest(
            plain.arguments(),
            plain.environment(),
            "",
            plain.uid(),
            plain.gid(),
            plain.terminal(),
            plain.user(),
            true);
    List<AgentProgram> serving = new ArrayList<>();
    for (int i = 0; i < 48; i++) {
      serving.add(session.exec(service, SOON));
    }
    assertThrows(AgentException.class, () -> session.exec(service, SOON));
    try (AgentProgram program = shell("exit 4")) {
      assertEquals(4, exit(program).code());
    }
    for (AgentProgram each : serving) {
      each.signal(SIGTERM);
      exit(each);
      each.close();
    }
  }

  /** Neither other guests nor programs of this one, as many as they open. */
  @Test
  void socketsLeaveRoomForTheHostsOwnConnections() throws Exception {
    host.agents.setCallHandler(call -> call.accept().write(text("a")));
    Path path = folder.resolve("service");
    session.listen(
        path.toString(), 0600, AgentHost.uid(), AgentHost.gid(), "sign", "", "vault", SOON);
    List<SocketChannel> clients = new ArrayList<>();
    do {
      clients.add(SocketChannel.open(UnixDomainSocketAddress.of(path)));
    } while (clients.getLast().read(ByteBuffer.allocate(1)) > 0);
    assertTrue(clients.size() > 128, "programs may call a lot");
    List<VsockStream> reached = new ArrayList<>();
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(folder.resolve("server")), 400);
      AgentException full =
          assertThrows(
              AgentException.class,
              () -> {
                for (int i = 0; i < 400; i++) {
                  reached.add(session.openUnix(folder.resolve("server").toString(), SOON));
                }
              });
      assertTrue(full.getMessage().contains("Too many open files"), full.getMessage());
      assertTrue(reached.size() >= 32, "calls leave room for those who are called");
    }
    try (AgentProgram program = shell("cat; exit 4")) {
      program.stream().shutdownOutput();
      assertEquals(4, exit(program).code());
    }
    session.get("/etc/passwd", SOON).content().close();
    for (SocketChannel client : clients) {
      client.close();
    }
    reached.forEach(VsockStream::reset);
  }

  @Test
  void nothingLeaksOverManyCalls() throws Exception {
    session.ping(SOON);
    long before = AgentHost.openDescriptors(agent);
    for (int i = 0; i < 150; i++) {
      try (AgentProgram program = session.exec(asMe("/bin/true"), SOON)) {
        assertEquals(0, readAll(program.stream()).length());
        assertEquals(0, exit(program).code());
      }
    }
    long deadline = System.nanoTime() + SOON.toNanos();
    while (AgentHost.openDescriptors(agent) > before) {
      assertTrue(System.nanoTime() < deadline, "descriptors are left open");
      Thread.onSpinWait();
    }
  }
}
