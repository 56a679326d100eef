package org.lodge.vsock.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.lodge.linux.Epoll;
import org.lodge.linux.EventFd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixByteSocket;
import org.lodge.linux.UnixListener;
import org.lodge.vsock.VsockException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets programs of the host reach a guest through a Unix socket, in the form that Firecracker has
 * made usual: they say {@code CONNECT port} and a line feed, get {@code OK port}, and are connected
 * then. A guest that connects to a port P of the host reaches whoever listens on the same path with
 * {@code _P} behind it.
 *
 * <p>One thread waits for all programs of one guest. What the guest sends is written to a program's
 * socket by the thread that serves the guest, without a hand-over; neither ever waits for a
 * program.
 */
final class HybridSocket implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HybridSocket.class);
  private static final long LISTENER = 0;
  private static final long WAKE = 1;
  private static final long PROGRAMS_FROM = 2;
  private static final int PROGRAMS_MAX = 4096;
  private static final int BUFFER_BYTES = 64 << 10;

  final Endpoint endpoint;
  private final Path path;
  private final UnixListener server;
  private final Epoll epoll;
  private final EventFd wake;
  private final ConcurrentHashMap<Long, Program> programs = new ConcurrentHashMap<>();
  private final AtomicLong nextToken = new AtomicLong(PROGRAMS_FROM);
  private volatile boolean closed;

  /** Of the thread that waits for programs. */
  final MemorySegment buffer = Arena.ofAuto().allocate(BUFFER_BYTES);

  private HybridSocket(Endpoint endpoint, Path path) throws IOException {
    this.endpoint = endpoint;
    this.path = path;
    server = UnixListener.bind(path);
    epoll = Epoll.create();
    wake = EventFd.create();
    epoll.add(server, Epoll.READABLE, LISTENER);
    epoll.add(wake, Epoll.READABLE, WAKE);
  }

  static HybridSocket open(Endpoint endpoint, Path path) throws VsockException {
    try {
      HybridSocket socket = new HybridSocket(endpoint, path);
      Thread.ofPlatform().daemon().name("vsock-" + endpoint.guest()).start(socket::run);
      return socket;
    } catch (IOException e) {
      throw new VsockException(
          "guest '%s': can't listen on %s: %s; give another socket path of at most 107 bytes"
              .formatted(endpoint.guest(), path, e.getMessage()));
    }
  }

  boolean serves(Optional<Path> wanted) {
    return wanted.isPresent() && wanted.get().equals(path);
  }

  private void run() {
    try {
      while (!closed) {
        int count = epoll.await(-1);
        for (int i = 0; i < count && !closed; i++) {
          serve(epoll.token(i), epoll.ready(i));
        }
      }
    } catch (LinuxException e) {
      LOG.warn("Guest '{}': no more connections through {}", endpoint.guest(), path, e);
      closed = true;
    } finally {
      programs.values().forEach(Program::reset);
      epoll.close();
      wake.close();
      server.close();
    }
  }

  private void serve(long token, int events) throws LinuxException {
    if (token == LISTENER) {
      accept();
    } else if (token != WAKE) {
      Program program = programs.get(token);
      if (program != null) {
        program.serve(events);
      }
    }
  }

  private void accept() throws LinuxException {
    UnixByteSocket socket = server.acceptBytes();
    if (programs.size() >= PROGRAMS_MAX) {
      LOG.warn(
          "Guest '{}': {} programs are connected to {} already",
          endpoint.guest(),
          PROGRAMS_MAX,
          path);
      socket.close();
      return;
    }
    Program program = new Program(this, nextToken.getAndIncrement(), socket);
    programs.put(program.token, program);
    program.greet();
  }

  /**
   * Connects a guest to whoever listens for its connections to this port.
   *
   * @return null where nobody does
   */
  Program dial(int hostPort) {
    Path target = Path.of(path + "_" + Integer.toUnsignedString(hostPort));
    if (closed || !Files.exists(target)) {
      return null;
    }
    try {
      Program program =
          new Program(this, nextToken.getAndIncrement(), UnixByteSocket.connect(target));
      programs.put(program.token, program);
      return program;
    } catch (LinuxException e) {
      LOG.debug("Guest '{}': nobody accepts on {}", endpoint.guest(), target, e);
      return null;
    }
  }

  /** Waits for these events of a program's socket; with 0 for its end alone. */
  void add(Program program, int events) {
    control(program, () -> epoll.add(program.socket, events, program.token));
  }

  void change(Program program, int events) {
    control(program, () -> epoll.change(program.socket, events, program.token));
  }

  void remove(Program program) {
    control(program, () -> epoll.remove(program.socket));
  }

  void forget(Program program) {
    programs.remove(program.token);
  }

  private interface Control {
    void run() throws LinuxException;
  }

  private void control(Program program, Control control) {
    try {
      control.run();
    } catch (LinuxException | IllegalStateException e) {
      LOG.debug("Guest '{}': watching {} failed", endpoint.guest(), program, e);
    }
  }

  @Override
  public void close() {
    closed = true;
    wake.signal();
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      LOG.debug("Removing {} failed", path, e);
    }
  }
}
