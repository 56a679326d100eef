package org.lodge.vmm.qemu.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;

/** Splits what QEMU sends into lines of bounded length. */
final class QmpLines {
  private final ReadableByteChannel channel;
  private final int limitBytes;
  private final ByteBuffer received = ByteBuffer.allocate(16 * 1024).flip();

  QmpLines(ReadableByteChannel channel, int limitBytes) {
    this.channel = channel;
    this.limitBytes = limitBytes;
  }

  /**
   * The next line that is not blank, without its end; bytes that are not UTF-8 come replaced.
   *
   * @return null at the end; a line that the end cut off is dropped
   * @throws IOException if the line is longer than the limit
   */
  String next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      while (received.hasRemaining()) {
        byte next = received.get();
        if (next == '\n') {
          String text = line.toString(StandardCharsets.UTF_8).strip();
          if (!text.isEmpty()) {
            return text;
          }
          line.reset();
        } else if (line.size() == limitBytes) {
          throw new IOException("a line of more than " + limitBytes + " bytes");
        } else {
          line.write(next);
        }
      }
      received.clear();
      int count = channel.read(received);
      received.flip();
      if (count < 0) {
        return null;
      }
    }
  }
}
