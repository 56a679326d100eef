package org.lodge.itests.wayland;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.lodge.agent.AgentCall;
import org.lodge.agent.AgentSession;
import org.lodge.agent.internal.AgentsComponent;
import org.lodge.agent.internal.handles.HandlesComponent;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Connection;
import org.lodge.connect.IncomingCall;
import org.lodge.connect.Metadata;
import org.lodge.vsock.VsockStream;
import org.lodge.wayland.router.Windows;
import org.lodge.wayland.router.internal.HostOffer;
import org.lodge.wayland.router.internal.RouterComponent;

/**
 * The way of a window without a guest: agents as processes of this host, the router in this one,
 * and a real compositor. Sockets: {@code GUEST.sock} for programs of a guest, beside the
 * compositor's own.
 */
public final class WaylandRig implements AutoCloseable {
  private static final Duration SOON = Duration.ofSeconds(20);

  private final Path folder;
  private final Path compositorSocket;
  private final AgentsComponent agents = new AgentsComponent();
  private final HandlesComponent handles = new HandlesComponent(null);
  private final RouterComponent router = new RouterComponent(handles, () -> agents);
  private final HostOffer onHost;
  private final Map<String, Map<String, String>> options = new HashMap<>();
  private final Map<String, Process> processes = new ConcurrentHashMap<>();
  private final List<ServerSocketChannel> servers = new ArrayList<>();
  private final Path program;

  /**
   * @param folder for sockets and the agent's program
   * @param compositorSocket where the compositor listens
   */
  public WaylandRig(Path folder, Path compositorSocket) throws IOException {
    this.folder = folder;
    this.compositorSocket = compositorSocket;
    onHost = new HostOffer(router, folder);
    program = folder.resolve("lodge-agent");
    try (InputStream bytes = agents.program()) {
      Files.write(program, bytes.readAllBytes());
    }
    if (!program.toFile().setExecutable(true)) {
      throw new IOException("can't make " + program + " executable");
    }
    agents.setCallHandler(this::accept);
    listen("display");
    startAgent("display");
  }

  /**
   * Lets programs of a guest connect: where the rule names a user with that person's compositor,
   * without an agent on its side.
   *
   * @param ruleOptions as a rule of the policy has them
   * @return the path of the socket, for {@code WAYLAND_DISPLAY}
   */
  public Path addGuest(String guest, Map<String, String> ruleOptions) throws IOException {
    options.put(guest, ruleOptions);
    listen(guest);
    startAgent(guest);
    return listenFor(guest);
  }

  /** {@code kill -9} of a guest's agent; returns once Lodge knows. */
  public void killAgent(String guest) throws IOException, InterruptedException {
    AgentSession session = agents.await(guest, SOON);
    processes.get(guest).destroyForcibly().waitFor();
    long end = System.nanoTime() + SOON.toNanos();
    while (agents.session(guest).filter(now -> now == session).isPresent()) {
      if (System.nanoTime() > end) {
        throw new IOException("the agent of " + guest + " is not missed");
      }
      Thread.sleep(5);
    }
  }

  /** Starts an agent anew that was killed, as the init of a guest does. */
  public void startAgain(String guest) throws IOException {
    startAgent(guest);
    if (options.containsKey(guest)) {
      listenFor(guest);
    }
  }

  /** The agents of all guests and of the display. */
  public Collection<Process> agents() {
    return processes.values();
  }

  private Path listenFor(String guest) throws IOException {
    Path socket = folder.resolve(guest + ".sock");
    int uid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    int gid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:gid");
    agents
        .await(guest, SOON)
        .listenWithHandles(socket.toString(), 0600, uid, gid, "wayland", "", "display", SOON);
    if (!processes.get(guest).isAlive()) {
      throw new IOException("the agent of " + guest + " has ended");
    }
    return socket;
  }

  public Windows windows() {
    return router;
  }

  private void listen(String guest) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(agentPath(guest)));
    servers.add(server);
    Thread.ofVirtual().start(() -> acceptAll(server, guest));
  }

  private Path agentPath(String guest) {
    return folder.resolve(guest + "-agent.sock");
  }

  private void startAgent(String guest) throws IOException {
    Process agent =
        new ProcessBuilder(program.toString(), "--unix", agentPath(guest).toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    processes.put(guest, agent);
  }

  private void acceptAll(ServerSocketChannel server, String guest) {
    try {
      while (true) {
        HostChannel channel = new HostChannel(server.accept(), guest);
        Thread.ofVirtual().start(() -> take(channel));
      }
    } catch (IOException closed) {
      assert !server.isOpen();
    }
  }

  private void take(HostChannel channel) {
    try {
      agents.requested(channel);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept(AgentCall call) {
    try {
      ByteStream stream = (HostChannel) call.accept();
      Thread.ofVirtual().start(() -> serve(call, stream));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void serve(AgentCall call, ByteStream stream) {
    try (stream) {
      Incoming incoming = new Incoming(call.guest(), options.get(call.guest()));
      if (incoming.options().containsKey("user")) {
        onHost.serve(incoming, stream);
      } else {
        router.serve(incoming, stream);
      }
    } catch (IOException e) {
      System.err.println("a connection of " + call.guest() + " failed: " + e);
    }
  }

  /** As the broker would make it. */
  private final class Incoming implements IncomingCall {
    private final String source;
    private final Map<String, String> options;

    Incoming(String source, Map<String, String> options) {
      this.source = source;
      this.options = options;
    }

    @Override
    public Connection connection() {
      throw new UnsupportedOperationException();
    }

    @Override
    public String source() {
      return source;
    }

    @Override
    public String argument() {
      return "";
    }

    @Override
    public String target() {
      return "display";
    }

    @Override
    public Map<String, String> options() {
      return options;
    }

    @Override
    public Metadata metadata() {
      throw new UnsupportedOperationException();
    }

    @Override
    public ByteStream connectTarget(Map<String, String> metadata) throws IOException {
      return connectTargetAt(compositorSocket.toString());
    }

    @Override
    public ByteStream connectTargetAt(String socketPath) throws IOException {
      VsockStream stream = agents.await("display", SOON).openUnixWithHandles(socketPath, SOON);
      return (HostChannel) stream;
    }

    @Override
    public ByteStream connectBeside() throws IOException {
      return connectTarget(Map.of());
    }
  }

  @Override
  public void close() throws IOException {
    router.deactivate();
    handles.deactivate();
    for (ServerSocketChannel server : servers) {
      server.close();
    }
    agents.deactivate();
    processes.values().forEach(Process::destroyForcibly);
  }
}
