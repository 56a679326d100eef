package org.lodge.agent.internal;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;

/** The host's side with a listening Unix socket, and agents that run as processes of this host. */
final class AgentHost implements AutoCloseable {
  static final String GUEST = "work";
  static final Duration SOON = Duration.ofSeconds(20);
  private static final Path BUILT = Path.of("target", "agent");

  final AgentsComponent agents = new AgentsComponent();
  final Path path;

  /** Of the connections that come from now on. */
  volatile long guestPort = 1023;

  private final List<Process> processes = new ArrayList<>();
  private final Set<SocketChannel> channels = ConcurrentHashMap.newKeySet();
  private ServerSocketChannel server;

  AgentHost(Path folder) throws IOException {
    path = folder.resolve("lodge.sock");
    listen();
  }

  void listen() throws IOException {
    Files.deleteIfExists(path);
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    ServerSocketChannel accepting = server;
    Thread.ofVirtual().start(() -> acceptAll(accepting));
  }

  private void acceptAll(ServerSocketChannel accepting) {
    try {
      while (true) {
        SocketChannel channel = accepting.accept();
        channels.add(channel);
        Thread.ofVirtual().start(() -> take(channel));
      }
    } catch (IOException closed) {
      assert !accepting.isOpen();
    }
  }

  private void take(SocketChannel channel) {
    try {
      agents.requested(new ChannelStream(channel, GUEST, guestPort));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** As if Lodge had been killed: nobody listens, every connection is cut. */
  void vanish() throws IOException {
    server.close();
    Files.deleteIfExists(path);
    for (SocketChannel channel : channels) {
      channel.close();
    }
    channels.clear();
  }

  /** Starts an agent that is built with sanitizers. */
  Process startAgent() throws IOException {
    return start("lodge-agent-sanitized");
  }

  /** As the kernel runs it in a guest: one process looks after the one that serves. */
  Process startInInitramfs() throws IOException {
    return start("lodge-agent-sanitized", "--initramfs");
  }

  Process start(String program, String... arguments) throws IOException {
    return start(List.of(), program, arguments);
  }

  /** Starts it by way of another program, whose last arguments are its command. */
  Process start(List<String> by, String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(by);
    command.add(BUILT.resolve(program).toAbsolutePath().toString());
    command.add("--unix");
    command.add(path.toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(Map.of("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1"));
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  AgentSession session() throws IOException {
    return agents.await(GUEST, SOON);
  }

  static int uid() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }

  static int gid() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
  }

  /** A program that runs as whoever runs the test. */
  static ExecRequest asMe(String... arguments) throws IOException {
    ExecRequest asRoot = ExecRequest.of(arguments);
    return new ExecRequest(
        asRoot.arguments(), asRoot.environment(), "", uid(), gid(), asRoot.terminal());
  }

  static long openDescriptors(Process process) throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      return descriptors.count();
    }
  }

  /** A number from a process's status, such as {@code VmHWM} in KiB. */
  static long status(Process process, String name) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new IllegalArgumentException(name);
  }

  @Override
  public void close() throws IOException {
    server.close();
    agents.deactivate();
    for (Process process : processes) {
      List<ProcessHandle> children = process.descendants().toList();
      process.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
    }
  }
}
