package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A guest whose QEMU is started by hand, and at whose console the bench types. */
final class HandGuest implements AutoCloseable {
  private final Process process;
  private final SocketChannel control;
  private final SocketChannel console;
  private final Duration limit;
  private final ByteBuffer received = ByteBuffer.allocate(1 << 16);
  private int commands;

  /**
   * Boots it until it is ready.
   *
   * @param more of QEMU's command line
   * @param limit of each command; a guest that takes longer is ended
   */
  HandGuest(HandQemu hand, List<String> more, Duration limit) throws Exception {
    this.limit = limit;
    process = hand.start(more);
    control = hand.connect("qmp.sock", process);
    console = hand.connect("console.sock", process);
    hand.boot(control, HandQemu.reader(control));
    await("lodge: ready");
  }

  /** Types a command and returns what the guest wrote until it was done. */
  String run(String command) throws IOException {
    // The quotes keep what the terminal echoes from looking like the end.
    String keys = command + "; echo at-''end-" + ++commands + ".\n";
    console.write(ByteBuffer.wrap(keys.getBytes(StandardCharsets.UTF_8)));
    return await("at-end-" + commands + ".").replace("\r", "");
  }

  private String await(String end) throws IOException {
    StringBuilder text = new StringBuilder();
    // A disk that hangs keeps a guest silent for ever.
    CompletableFuture<?> watch =
        CompletableFuture.runAsync(
            process::destroyForcibly,
            CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS));
    try {
      while (text.indexOf(end) < 0) {
        if (console.read(received.clear()) < 0) {
          throw new IOException("the guest did not come to '" + end + "': " + text);
        }
        text.append(StandardCharsets.UTF_8.decode(received.flip()));
      }
    } finally {
      watch.cancel(false);
    }
    return text.substring(0, text.indexOf(end));
  }

  @Override
  public void close() throws IOException {
    control.close();
    console.close();
    process.destroyForcibly().onExit().join();
  }
}
