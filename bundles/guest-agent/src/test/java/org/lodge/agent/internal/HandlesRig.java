package org.lodge.agent.internal;

import static org.lodge.agent.internal.AgentHost.SOON;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.lodge.agent.AgentSession;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.internal.handles.HandlesComponent;
import org.lodge.lane.Lanes;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.vsock.VsockStream;

/** An agent on this host with a socket that programs connect to, and servers it connects to. */
final class HandlesRig implements AutoCloseable {
  final AgentHost host;
  final Process agent;
  final AgentSession session;
  final Path path;
  private final Path serverPath;
  private final HandlesComponent handles;
  private final BlockingQueue<VsockStream> calls = new LinkedBlockingQueue<>();

  /** A program, and the host's side of its connection. */
  record Pair(Peer program, HandleConnection connection) implements AutoCloseable {
    @Override
    public void close() {
      program.close();
      connection.reset("the test is over");
    }
  }

  HandlesRig(Path folder) throws IOException {
    this(folder, "lodge-agent-sanitized");
  }

  HandlesRig(Path folder, String program) throws IOException {
    this(folder, program, null);
  }

  HandlesRig(Path folder, Lanes lanes) throws IOException {
    this(folder, "lodge-agent-sanitized", lanes);
  }

  private HandlesRig(Path folder, String program, Lanes lanes) throws IOException {
    handles = new HandlesComponent(lanes);
    folder.toFile().mkdirs();
    path = folder.resolve("made").resolve("program.sock");
    serverPath = folder.resolve("server.sock");
    host = new AgentHost(folder);
    host.agents.setCallHandler(call -> calls.add(call.accept()));
    agent = host.start(program);
    session = host.session();
    session.listenWithHandles(
        path.toString(), 0600, AgentHost.uid(), AgentHost.gid(), "wayland", "", "display", SOON);
  }

  VsockStream nextCall() throws InterruptedException {
    return calls.poll(20, TimeUnit.SECONDS);
  }

  /** A program that connects to the agent's socket. */
  Pair client(HandleLimits limits) throws Exception {
    Peer program = new Peer(UnixStreamSocket.connect(path));
    return new Pair(program, open(nextCall(), limits));
  }

  Pair client() throws Exception {
    return client(HandleLimits.DEFAULT);
  }

  /** A server that sees an ordinary accept. */
  Pair server() throws Exception {
    try (UnixListener listener = UnixListener.bind(serverPath)) {
      VsockStream stream = session.openUnixWithHandles(serverPath.toString(), SOON);
      return new Pair(new Peer(listener.accept()), open(stream, HandleLimits.DEFAULT));
    }
  }

  HandleConnection open(VsockStream stream, HandleLimits limits) {
    return handles.open(AgentHost.GUEST, new CallStream(null, stream), limits);
  }

  static byte[] receive(HandleConnection connection, int count) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(count);
    while (all.hasRemaining()) {
      if (connection.receive(all) < 0) {
        throw new IOException("an end after " + all.position() + " bytes");
      }
    }
    return all.array();
  }

  @Override
  public void close() throws IOException {
    host.close();
  }
}
