package org.lodge.vsock.internal;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockRequest;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets programs of the host reach a guest through a Unix socket, in the form that Firecracker has
 * made usual: they say {@code CONNECT port} and a line feed, get {@code OK port}, and are connected
 * then. A guest that connects to a port P of the host reaches whoever listens on the same path with
 * {@code _P} behind it.
 */
final class HybridSocket implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HybridSocket.class);
  private static final Pattern CONNECT = Pattern.compile("CONNECT (\\d{1,10})\r?");
  private static final int LINE_BYTES_MAX = 32;
  private static final int BUFFER_BYTES = 64 << 10;
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);

  private final Endpoint endpoint;
  private final Path path;
  private final ServerSocketChannel server;

  private HybridSocket(Endpoint endpoint, Path path, ServerSocketChannel server) {
    this.endpoint = endpoint;
    this.path = path;
    this.server = server;
  }

  static HybridSocket open(Endpoint endpoint, Path path) throws VsockException {
    try {
      Files.deleteIfExists(path);
      ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        server.bind(UnixDomainSocketAddress.of(path));
      } catch (IOException e) {
        server.close();
        throw e;
      }
      HybridSocket socket = new HybridSocket(endpoint, path, server);
      Thread.ofVirtual().name("vsock-socket-" + endpoint.guest()).start(socket::acceptAll);
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

  private void acceptAll() {
    while (server.isOpen()) {
      try {
        SocketChannel client = server.accept();
        Thread.ofVirtual().name("vsock-client").start(() -> greet(client));
      } catch (IOException e) {
        if (server.isOpen()) {
          LOG.warn("Guest '{}': no more connections through {}", endpoint.guest(), path, e);
          close();
        }
      }
    }
  }

  private void greet(SocketChannel client) {
    try (client) {
      Optional<Long> port = readPort(client);
      if (port.isPresent()) {
        VsockStream stream = endpoint.connect(port.get(), VsockType.STREAM, CONNECT_LIMIT);
        try {
          writeAll(client, ascii("OK %d\n".formatted(stream.hostPort())));
        } catch (IOException e) {
          stream.reset();
          throw e;
        }
        relay(client, stream);
      }
    } catch (IOException e) {
      LOG.debug("Guest '{}': a connection through {} ended", endpoint.guest(), path, e);
    }
  }

  /** Reads byte by byte, as what follows the line belongs to the guest. */
  private static Optional<Long> readPort(SocketChannel client) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    StringBuilder line = new StringBuilder();
    while (line.length() < LINE_BYTES_MAX && client.read(one.clear()) == 1) {
      char read = (char) one.get(0);
      if (read == '\n') {
        Matcher connect = CONNECT.matcher(line);
        return connect.matches() ? Optional.of(Long.valueOf(connect.group(1))) : Optional.empty();
      }
      line.append(read);
    }
    return Optional.empty();
  }

  /** Whoever listens for guests on this port, or null. */
  VsockListener listener(int hostPort) {
    Path target = Path.of(path + "_" + Integer.toUnsignedString(hostPort));
    return Files.exists(target) ? request -> pass(request, target) : null;
  }

  private static void pass(VsockRequest request, Path target) throws IOException {
    SocketChannel program;
    try {
      program = SocketChannel.open(UnixDomainSocketAddress.of(target));
    } catch (IOException e) {
      LOG.debug("Nobody listens on {}", target, e);
      request.refuse();
      return;
    }
    try (program) {
      relay(program, request.accept());
    }
  }

  private static void relay(SocketChannel program, VsockStream stream) {
    Thread toProgram = Thread.ofVirtual().name("vsock-relay").start(() -> pour(stream, program));
    pour(program, stream);
    try {
      toProgram.join();
    } catch (InterruptedException e) {
      stream.reset();
      Thread.currentThread().interrupt();
    }
    stream.close();
  }

  private static void pour(SocketChannel program, VsockStream stream) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try {
      while (program.read(buffer.clear()) >= 0) {
        stream.write(buffer.flip());
      }
      stream.shutdownOutput();
    } catch (IOException e) {
      giveUp(program, stream);
    }
  }

  private static void pour(VsockStream stream, SocketChannel program) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try {
      while (stream.read(buffer.clear()) >= 0) {
        writeAll(program, buffer.flip());
      }
      program.shutdownOutput();
    } catch (IOException e) {
      giveUp(program, stream);
    }
  }

  private static void giveUp(SocketChannel program, VsockStream stream) {
    stream.reset();
    try {
      program.close();
    } catch (IOException e) {
      LOG.debug("Closing {} failed", program, e);
    }
  }

  private static void writeAll(SocketChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static ByteBuffer ascii(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public void close() {
    try {
      server.close();
      Files.deleteIfExists(path);
    } catch (IOException e) {
      LOG.debug("Closing {} failed", path, e);
    }
  }
}
