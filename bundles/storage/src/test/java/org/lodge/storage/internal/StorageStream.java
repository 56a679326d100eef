package org.lodge.storage.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;

/** A stream from a storage guest of a test, but for what it answers. */
abstract class StorageStream implements VsockStream {
  private static final ByteBuffer END = ByteBuffer.allocate(0);

  /** What is yet to be read of it. */
  final BlockingQueue<ByteBuffer> replies = new LinkedBlockingQueue<>();

  private ByteBuffer current = END;

  @Override
  public int read(ByteBuffer into) throws IOException {
    try {
      while (!current.hasRemaining()) {
        current = replies.take();
        if (current == END) {
          return -1;
        }
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    int part = Math.min(into.remaining(), current.remaining());
    into.put(into.position(), current, current.position(), part);
    into.position(into.position() + part);
    current.position(current.position() + part);
    return part;
  }

  @Override
  public void reset() {
    replies.add(END);
  }

  @Override
  public void close() {
    reset();
  }

  @Override
  public String guest() {
    return "storage";
  }

  @Override
  public long guestPort() {
    return 1;
  }

  @Override
  public long hostPort() {
    return 1;
  }

  @Override
  public VsockType type() {
    return VsockType.STREAM;
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
  public void shutdownOutput() {}

  @Override
  public void shutdownInput() {}
}
