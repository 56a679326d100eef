package org.lodge.vm.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What people type, on its way to a guest's console. A thread of its own writes it: an interrupt of
 * one who types, as by Ctrl-C or a closed window, would close the channel for everybody.
 */
final class ConsoleTyping extends OutputStream {
  private static final Logger LOG = LoggerFactory.getLogger(ConsoleTyping.class);

  /** A guest that does not read is no reason to keep more; who types more waits. */
  static final int MOST_BYTES = 64 << 10;

  private final WritableByteChannel channel;
  private ByteArrayOutputStream typed = new ByteArrayOutputStream();
  private boolean ended;

  ConsoleTyping(WritableByteChannel channel) {
    this.channel = channel;
  }

  ConsoleTyping start(String guest) {
    Thread.ofVirtual().name("guest-" + guest + "-typing").start(this::run);
    return this;
  }

  private void run() {
    try {
      for (byte[] next = next(); next != null; next = next()) {
        ByteBuffer bytes = ByteBuffer.wrap(next);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    } catch (IOException | InterruptedException e) {
      LOG.debug("Nothing more is typed", e);
    } finally {
      end();
    }
  }

  private synchronized byte[] next() throws InterruptedException {
    while (typed.size() == 0 && !ended) {
      wait();
    }
    if (typed.size() == 0) {
      return null;
    }
    byte[] all = typed.toByteArray();
    typed = new ByteArrayOutputStream();
    notifyAll();
    return all;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    for (int done = 0; done < length; ) {
      awaitRoom();
      int count = Math.min(length - done, MOST_BYTES - typed.size());
      typed.write(bytes, offset + done, count);
      done += count;
      notifyAll();
    }
  }

  private void awaitRoom() throws IOException {
    try {
      while (typed.size() == MOST_BYTES && !ended) {
        wait();
      }
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
    if (ended) {
      throw new IOException("the console has ended");
    }
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }
}
