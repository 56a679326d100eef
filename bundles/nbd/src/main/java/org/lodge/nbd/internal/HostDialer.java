package org.lodge.nbd.internal;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.lodge.connect.ByteStream;

/** Connects with the Unix socket of a program on this host. */
final class HostDialer implements Dialer {
  private final Path socket;

  HostDialer(Path socket) {
    this.socket = socket;
  }

  @Override
  public ByteStream dial(Duration limit) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      return new Stream(channel);
    } catch (IOException e) {
      channel.close();
      throw new IOException("no NBD server listens at %s: %s".formatted(socket, e.getMessage()), e);
    }
  }

  private record Stream(SocketChannel channel) implements ByteStream {
    @Override
    public int read(ByteBuffer into) throws IOException {
      return channel.read(into);
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
      while (from.hasRemaining()) {
        channel.write(from);
      }
    }

    @Override
    public void shutdownOutput() throws IOException {
      channel.shutdownOutput();
    }

    @Override
    public void reset() {
      close();
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        // It is over in any case.
      }
    }
  }
}
