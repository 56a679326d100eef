package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;

/**
 * Bytes that flow one way on a virtual thread of their own, so that the command's thread is free
 * for Ctrl-C.
 *
 * @param ended completes when the last byte has gone, exceptionally where the way was broken
 */
record Flow(Thread thread, CompletableFuture<Void> ended) {
  private static final int BUFFER_BYTES = 64 << 10;

  private interface Work {
    void run() throws IOException;
  }

  /** From a guest to the person. */
  static Flow out(Duplex from, OutputStream to) {
    return start(() -> {
      byte[] bytes = new byte[BUFFER_BYTES];
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      int count;
      while ((count = from.read(buffer.clear())) >= 0) {
        to.write(bytes, 0, count);
        to.flush();
      }
    });
  }

  /** From the person to a guest; the end of the input is told to the guest. */
  static Flow in(InputStream from, Duplex to) {
    return start(() -> {
      byte[] bytes = new byte[BUFFER_BYTES];
      int count;
      while ((count = from.read(bytes)) >= 0) {
        to.write(ByteBuffer.wrap(bytes, 0, count));
      }
      to.endOutput();
    });
  }

  /** From guest to guest. */
  static Flow across(Duplex from, Duplex to, Meter meter) {
    return start(() -> {
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
      int count;
      while ((count = from.read(buffer.clear())) >= 0) {
        to.write(buffer.flip());
        meter.add(count);
      }
      to.endOutput();
    });
  }

  /** One that has ended already. */
  static Flow none() {
    return new Flow(null, CompletableFuture.completedFuture(null));
  }

  private static Flow start(Work work) {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    Thread thread =
        Thread.startVirtualThread(() -> {
          try {
            work.run();
            ended.complete(null);
          } catch (IOException | RuntimeException e) {
            ended.completeExceptionally(e);
          }
        });
    return new Flow(thread, ended);
  }

  /** Ends it where it waits, and waits until it has let go of both ends. */
  void stop() throws InterruptedException {
    if (thread != null) {
      thread.interrupt();
      thread.join();
    }
  }
}
