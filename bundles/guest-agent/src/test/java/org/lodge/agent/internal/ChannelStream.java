package org.lodge.agent.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ThreadLocalRandom;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockRequest;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;

/** A Unix socket in the place of a virtio socket, for an agent that runs on this host. */
record ChannelStream(SocketChannel channel, String guest, long guestPort, ByteBuffer ahead)
    implements VsockStream, VsockRequest {
  private static final int AHEAD_BYTES = 100_000;

  ChannelStream(SocketChannel channel, String guest) {
    this(channel, guest, 1023);
  }

  ChannelStream(SocketChannel channel, String guest, long guestPort) {
    this(channel, guest, guestPort, ByteBuffer.allocate(AHEAD_BYTES).limit(0));
  }

  @Override
  public long hostPort() {
    return Wire.PORT;
  }

  @Override
  public VsockType type() {
    return VsockType.STREAM;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    if (ahead.hasRemaining()) {
      int count = Math.min(ahead.remaining(), into.remaining());
      into.put(into.position(), ahead, ahead.position(), count);
      into.position(into.position() + count);
      ahead.position(ahead.position() + count);
      return count;
    }
    try {
      return channel.read(into);
    } catch (IOException e) {
      throw new VsockException("reset: " + e.getMessage());
    }
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
  public boolean movesTo(VsockStream to) {
    return to instanceof ChannelStream;
  }

  /** As many as came, and any number of them, for a guest's packets are of any size. */
  @Override
  public int await() throws IOException {
    if (!ahead.hasRemaining()) {
      int count = channel.read(ahead.clear());
      ahead.flip();
      if (count < 0) {
        return -1;
      }
    }
    return ThreadLocalRandom.current().nextInt(ahead.remaining()) + 1;
  }

  @Override
  public void moveTo(VsockStream to, int bytes) throws IOException {
    ByteBuffer part = ahead.slice(ahead.position(), bytes);
    ahead.position(ahead.position() + bytes);
    to.write(part);
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
