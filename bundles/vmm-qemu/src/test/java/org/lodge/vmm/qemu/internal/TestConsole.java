package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A guest's console. It is read all the time: a client that does not read stops the guest at its
 * next few hundred characters.
 */
final class TestConsole implements AutoCloseable {
  private final SocketChannel channel;
  private final StringBuilder unread = new StringBuilder();

  TestConsole(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    Thread.startVirtualThread(this::read);
  }

  private void read() {
    ByteBuffer bytes = ByteBuffer.allocate(4096);
    try {
      while (channel.read(bytes.clear()) >= 0) {
        append(StandardCharsets.ISO_8859_1.decode(bytes.flip()).toString());
      }
      append("[end of console]");
    } catch (ClosedChannelException e) {
      append("[console closed]");
    } catch (IOException e) {
      append("[" + e + "]");
    }
  }

  private synchronized void append(String text) {
    unread.append(text);
    notifyAll();
  }

  /** Takes what was said up to the wanted text. */
  synchronized void await(String wanted, int limitSeconds)
      throws IOException, InterruptedException {
    Deadline deadline = Deadline.in(Duration.ofSeconds(limitSeconds));
    while (unread.indexOf(wanted) < 0) {
      if (deadline.passed()) {
        throw new IOException("waited for '" + wanted + "', and the console said: " + unread);
      }
      wait(Math.max(1, deadline.remaining().toMillis()));
    }
    unread.delete(0, unread.indexOf(wanted) + wanted.length());
  }

  void type(String text) throws IOException {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
