package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentFile;
import org.lodge.agent.AgentInfo;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.agent.GuestStats;
import org.lodge.vsock.VsockStream;

/**
 * Agents of one guest, which is this host: programs are real, and files are below a folder. It
 * keeps what it was asked for.
 */
public final class HostAgent implements Agents {
  final BlockingQueue<ExecRequest> requests = new LinkedBlockingQueue<>();
  final BlockingQueue<String> said = new LinkedBlockingQueue<>();

  /** So many bytes less of a file's content come than its size says. */
  volatile long missing;

  volatile boolean isLost;
  private final String guest;
  private final Path root;
  private final AgentSession session;

  public HostAgent(String guest, Path root) {
    this.guest = guest;
    this.root = root;
    this.session =
        (AgentSession)
            Proxy.newProxyInstance(
                AgentSession.class.getClassLoader(),
                new Class<?>[] {AgentSession.class},
                (_, method, arguments) -> answer(method, arguments));
  }

  /** What of a session the commands use is a method of this class. */
  private Object answer(Method method, Object[] arguments) throws Throwable {
    try {
      return HostAgent.class
          .getMethod(method.getName(), method.getParameterTypes())
          .invoke(this, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  @Override
  public Optional<AgentSession> session(String name) {
    return name.equals(guest) ? Optional.of(session) : Optional.empty();
  }

  @Override
  public AgentSession await(String name, Duration limit) throws IOException {
    return session(name).orElseThrow(() -> new AgentException("no agent"));
  }

  @Override
  public List<AgentSession> sessions() {
    return List.of(session);
  }

  @Override
  public boolean isLost(String guest) {
    return false;
  }

  @Override
  public boolean isReady(String name) {
    return name.equals(guest);
  }

  @Override
  public InputStream program() {
    return InputStream.nullInputStream();
  }

  public String guest() {
    return guest;
  }

  public AgentInfo info() {
    return new AgentInfo("1.0", "boot", "host", "6.12");
  }

  public boolean isOpen() {
    return true;
  }

  public AgentProgram exec(ExecRequest request, Duration limit) throws IOException {
    requests.add(request);
    ProcessBuilder builder = new ProcessBuilder(request.arguments());
    builder.environment().clear();
    builder.environment().putAll(request.environment());
    builder.directory(request.folder().isEmpty() ? null : Path.of(request.folder()).toFile());
    try {
      return new Program(builder.start(), request.terminal().isPresent());
    } catch (IOException e) {
      throw new AgentException("guest '" + guest + "': " + e.getMessage(), Inside.ENOENT);
    }
  }

  private final class Program implements AgentProgram {
    private final Process process;
    private final boolean terminal;
    private final VsockStream stream;

    Program(Process process, boolean terminal) {
      this.process = process;
      this.terminal = terminal;
      this.stream = new ProcessStream(process.getInputStream(), process.getOutputStream());
    }

    @Override
    public int pid() {
      return (int) process.pid();
    }

    @Override
    public VsockStream stream() {
      return stream;
    }

    @Override
    public Optional<VsockStream> errors() {
      VsockStream errors =
          new ProcessStream(process.getErrorStream(), OutputStream.nullOutputStream());
      return terminal ? Optional.empty() : Optional.of(errors);
    }

    @Override
    public CompletionStage<ExitStatus> exit() {
      return isLost
          ? CompletableFuture.failedFuture(new AgentException("the agent has gone"))
          : ended();
    }

    private CompletionStage<ExitStatus> ended() {
      return process
          .onExit()
          .thenApply(ended -> {
            int code = ended.exitValue();
            return code > 128 ? new ExitStatus(0, code - 128) : new ExitStatus(code, 0);
          });
    }

    @Override
    public void resize(int rows, int columns) {
      said.add("resize " + rows + " " + columns);
    }

    @Override
    public void signal(int number) throws IOException {
      said.add("signal " + number);
      new ProcessBuilder("kill", "-" + number, "" + process.pid()).start();
    }

    @Override
    public void close() {
      said.add("close");
      stream.close();
    }
  }

  private Path file(String path) {
    return root.resolve(path.substring(1));
  }

  public AgentFile get(String path, Duration limit) throws IOException {
    Path file = file(path);
    if (Files.isDirectory(file)) {
      throw new AgentException("guest '" + guest + "': Is a directory", Inside.EISDIR);
    }
    try {
      InputStream content = Files.newInputStream(file);
      return new AgentFile(
          Files.size(file) + missing,
          Modes.of(file),
          0,
          new ProcessStream(content, OutputStream.nullOutputStream()));
    } catch (NoSuchFileException e) {
      throw new AgentException("guest '" + guest + "': No such file", Inside.ENOENT);
    }
  }

  public void put(
      String path, int mode, long sizeBytes, ReadableByteChannel content, Duration limit)
      throws IOException {
    Path file = file(path);
    if (Files.isDirectory(file)) {
      throw new AgentException("guest '" + guest + "': Is a directory", Inside.EISDIR);
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.allocate(8192);
      while (content.read(buffer.clear()) >= 0) {
        channel.write(buffer.flip());
      }
      Files.setPosixFilePermissions(file, Modes.permissions(mode));
    } catch (NoSuchFileException e) {
      throw new AgentException("guest '" + guest + "': No such file", Inside.ENOENT);
    }
  }

  public VsockStream openTcp(int port, Duration limit) throws IOException {
    try {
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
      return new ProcessStream(socket.getInputStream(), socket.getOutputStream()) {
        @Override
        public void shutdownOutput() {
          try {
            socket.shutdownOutput();
          } catch (IOException e) {
            close();
          }
        }
      };
    } catch (java.net.ConnectException e) {
      throw new AgentException("guest '" + guest + "': refused", Inside.ECONNREFUSED);
    }
  }

  public VsockStream openUnix(String path, Duration limit) throws IOException {
    throw new AgentException("guest '" + guest + "': No such file", Inside.ENOENT);
  }

  public GuestStats stats(Duration limit) throws IOException {
    return new GuestStats(
        65_000,
        List.of(0.5, 0.25, 0.125),
        42,
        512L << 20,
        128L << 20,
        4L << 30,
        1L << 30,
        List.of(new GuestStats.Address("eth0", InetAddress.getByName("192.168.7.2"), 24)));
  }
}
