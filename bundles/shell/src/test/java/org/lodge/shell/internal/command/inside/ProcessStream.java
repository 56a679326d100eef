package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;

/** A stream of a guest over streams of this host. */
class ProcessStream implements VsockStream {
  private final InputStream from;
  private final OutputStream to;

  ProcessStream(InputStream from, OutputStream to) {
    this.from = from;
    this.to = to;
  }

  @Override
  public String guest() {
    return "work";
  }

  @Override
  public long guestPort() {
    return 1;
  }

  @Override
  public long hostPort() {
    return 2;
  }

  @Override
  public VsockType type() {
    return VsockType.STREAM;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    byte[] bytes = new byte[into.remaining()];
    int count = from.read(bytes);
    into.put(bytes, 0, Math.max(0, count));
    return count;
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
  public void write(ByteBuffer bytes) throws IOException {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    to.write(copy);
    to.flush();
  }

  @Override
  public void shutdownOutput() {
    quietly(to);
  }

  @Override
  public void shutdownInput() {}

  @Override
  public void reset() {
    close();
  }

  @Override
  public void close() {
    quietly(to);
    quietly(from);
  }

  private static void quietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      // The process has ended.
    }
  }
}
