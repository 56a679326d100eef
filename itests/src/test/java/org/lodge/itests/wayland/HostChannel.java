package org.lodge.itests.wayland;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.lodge.connect.ByteStream;
import org.lodge.vsock.VsockRequest;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;

/** A Unix socket in the place of a virtio socket, for an agent that runs on this host. */
public record HostChannel(SocketChannel channel, String guest)
    implements VsockStream, VsockRequest, ByteStream {
  @Override
  public long guestPort() {
    return 0;
  }

  @Override
  public long hostPort() {
    return 5100;
  }

  @Override
  public VsockType type() {
    return VsockType.STREAM;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return channel.read(into);
  }

  @Override
  public boolean messageEnded() {
    return false;
  }

  @Override
  public int available() {
    return 0;
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      channel.write(from);
    }
  }

  @Override
  public void shutdownOutput() {
    attempt(() -> channel.shutdownOutput());
  }

  @Override
  public void shutdownInput() {
    attempt(() -> channel.shutdownInput());
  }

  @Override
  public void reset() {
    close();
  }

  @Override
  public void close() {
    attempt(channel::close);
  }

  @Override
  public VsockStream accept() {
    return this;
  }

  @Override
  public void refuse() {
    close();
  }

  private interface Attempt {
    void run() throws IOException;
  }

  /** What is closed already can't be shut down; that is no matter here. */
  private static void attempt(Attempt attempt) {
    try {
      attempt.run();
    } catch (IOException e) {
      assert !String.valueOf(e.getMessage()).isEmpty();
    }
  }
}
