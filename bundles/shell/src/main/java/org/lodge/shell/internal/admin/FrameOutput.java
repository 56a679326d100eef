package org.lodge.shell.internal.admin;

import java.io.IOException;
import java.io.OutputStream;
import org.lodge.client.Frame;

/** Makes frames of what a command writes; waits while the client's queue is full. */
final class FrameOutput extends OutputStream {
  private static final int LARGEST_BYTES = Frame.MAX_PAYLOAD_BYTES;

  private final int type;
  private final Client client;

  FrameOutput(int type, Client client) {
    this.type = type;
    this.client = client;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    for (int at = 0; at < length; at += LARGEST_BYTES) {
      int size = Math.min(LARGEST_BYTES, length - at);
      client.offer(Frame.encode(type, bytes, offset + at, size));
    }
  }
}
