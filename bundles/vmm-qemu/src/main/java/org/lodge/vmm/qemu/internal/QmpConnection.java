package org.lodge.vmm.qemu.internal;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of QEMU's control socket: matches replies to commands by id and hands out events (QMP
 * specification, {@code docs/interop/qmp-spec}).
 *
 * <p>Reading, writing and the handing out of events each have a thread, so a listener that asks
 * something and a QEMU that does not read stop nobody but themselves. What QEMU says is not trusted
 * to be well formed or small.
 */
final class QmpConnection implements AutoCloseable {
  static final int LINE_LIMIT_BYTES = 1 << 20;
  private static final int COMMANDS_UNDER_WAY_LIMIT = 64;
  private static final int EVENTS_WAITING_LIMIT = 1024;
  private static final Logger LOG = LoggerFactory.getLogger(QmpConnection.class);

  private final ByteChannel channel;
  private final Consumer<QmpEvent> events;
  private final AtomicLong lastId = new AtomicLong();
  private final Map<String, CompletableFuture<JsonValue>> waiting = new ConcurrentHashMap<>();
  private final BlockingQueue<byte[]> toWrite = new ArrayBlockingQueue<>(COMMANDS_UNDER_WAY_LIMIT);
  private final BlockingQueue<Runnable> toHandOut = new ArrayBlockingQueue<>(EVENTS_WAITING_LIMIT);
  private final CompletableFuture<Void> greeted = new CompletableFuture<>();
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private final Thread writer;
  private volatile String endedBecause;

  /**
   * Begins to speak on a connected channel, which belongs to this from now on.
   *
   * @param events called from one thread
   */
  QmpConnection(String name, ByteChannel channel, Consumer<QmpEvent> events) {
    this.channel = channel;
    this.events = events;
    writer = Thread.ofVirtual().name("qmp-write-" + name).start(this::writeAll);
    Thread.ofVirtual().name("qmp-events-" + name).start(this::handOutAll);
    Thread.ofVirtual().name("qmp-read-" + name).start(this::readAll);
  }

  /**
   * Waits for the greeting and leaves the negotiation mode. To be called once; commands of others
   * wait for it.
   */
  void negotiate(Duration limit) throws QmpException, InterruptedException {
    Deadline deadline = Deadline.in(limit);
    await(greeted, "qmp-greeting", deadline.remaining());
    send(QmpRequest.Plain.CAPABILITIES, deadline);
    ready.complete(null);
  }

  /**
   * Sends a command and waits for its answer; before the negotiation is done, for that first.
   *
   * @return the value of {@code return}
   */
  JsonValue execute(QmpRequest request, Duration limit) throws QmpException, InterruptedException {
    Deadline deadline = Deadline.in(limit);
    await(ready, request.command(), deadline.remaining());
    return send(request, deadline);
  }

  private JsonValue send(QmpRequest request, Deadline deadline)
      throws QmpException, InterruptedException {
    String id = Long.toString(lastId.incrementAndGet());
    CompletableFuture<JsonValue> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    try {
      if (endedBecause != null) {
        throw lost(request.command(), null);
      }
      JsonObject message =
          Text.JSON
              .createObjectBuilder()
              .add("execute", request.command())
              .add("arguments", request.arguments())
              .add("id", id)
              .build();
      byte[] line = (message + "\n").getBytes(StandardCharsets.UTF_8);
      if (!toWrite.offer(line, deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
        throw noAnswer(request.command(), deadline.limit());
      }
      return await(answer, request.command(), deadline.remaining());
    } finally {
      waiting.remove(id);
    }
  }

  private <T> T await(CompletableFuture<T> future, String command, Duration limit)
      throws QmpException, InterruptedException {
    try {
      return future.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw noAnswer(command, limit);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Refusal refusal) {
        throw new QmpException(
            QmpException.Kind.REFUSED,
            command,
            "QEMU refused " + command + ": " + refusal.getMessage(),
            e);
      }
      throw lost(command, e);
    }
  }

  private static QmpException noAnswer(String command, Duration limit) {
    return new QmpException(
        QmpException.Kind.NO_ANSWER,
        command,
        "QEMU did not answer %s within %d ms".formatted(command, limit.toMillis()),
        null);
  }

  private QmpException lost(String command, Throwable cause) {
    return new QmpException(
        QmpException.Kind.LOST, command, "no answer to " + command + ": " + endedBecause, cause);
  }

  /** Completes when the channel has ended and every event before that has been handed out. */
  CompletableFuture<Void> ended() {
    return ended.copy();
  }

  /** Waits until no command is under way. */
  void awaitIdle(Duration limit) throws InterruptedException {
    Deadline deadline = Deadline.in(limit);
    for (CompletableFuture<JsonValue> answer : waiting.values()) {
      try {
        answer.get(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
      } catch (ExecutionException e) {
        LOG.debug("a command ended while its connection was let go", e);
      } catch (TimeoutException e) {
        return;
      }
    }
  }

  /** Hangs up; QEMU and its guest go on. Commands under way fail. */
  @Override
  public void close() {
    end("the connection was closed");
  }

  private void readAll() {
    try {
      QmpLines lines = new QmpLines(channel, LINE_LIMIT_BYTES);
      for (String line = lines.next(); line != null; line = lines.next()) {
        take(line);
      }
      end("QEMU hung up");
    } catch (IOException | RuntimeException e) {
      end("the connection broke: " + Text.printable(String.valueOf(e.getMessage())));
    }
  }

  private void take(String untrustedLine) throws IOException {
    JsonObject message;
    try (var reader = Text.JSON.createReader(new StringReader(untrustedLine))) {
      message = reader.readObject();
    }
    if (message.containsKey("event")) {
      QmpEvent.parse(message).ifPresent(this::queue);
    } else if (message.containsKey("QMP")) {
      greeted.complete(null);
    } else if (message.get("id") instanceof JsonString id) {
      CompletableFuture<JsonValue> answer = waiting.get(id.getString());
      if (answer != null) {
        settle(answer, message);
      }
    } else if (message.get("error") instanceof JsonObject error) {
      throw new IOException("QEMU did not understand: " + description(error));
    }
  }

  private static void settle(CompletableFuture<JsonValue> answer, JsonObject message) {
    if (message.get("error") instanceof JsonObject error) {
      answer.completeExceptionally(new Refusal(description(error)));
    } else {
      answer.complete(message.getOrDefault("return", JsonValue.NULL));
    }
  }

  private static String description(JsonObject error) {
    return Text.printable(
        error.get("desc") instanceof JsonString text ? text.getString() : error.toString());
  }

  /** A guest can cause events at will: when nobody takes them, the newest are lost, not memory. */
  private void queue(QmpEvent event) {
    if (!toHandOut.offer(() -> events.accept(event))) {
      LOG.warn("{} events wait; dropping {}", EVENTS_WAITING_LIMIT, event);
    }
  }

  private void handOutAll() {
    try {
      while (endedBecause == null || !toHandOut.isEmpty()) {
        try {
          toHandOut.take().run();
        } catch (RuntimeException e) {
          LOG.warn("a listener of QEMU's events failed", e);
        }
      }
    } catch (InterruptedException e) {
      LOG.warn("the event thread was interrupted", e);
    } finally {
      ended.complete(null);
    }
  }

  private void writeAll() {
    try {
      while (true) {
        ByteBuffer line = ByteBuffer.wrap(toWrite.take());
        while (line.hasRemaining()) {
          channel.write(line);
        }
      }
    } catch (InterruptedException e) {
      LOG.trace("no more to write", e);
    } catch (IOException e) {
      end("the connection broke: " + Text.printable(String.valueOf(e.getMessage())));
    }
  }

  private void end(String because) {
    synchronized (this) {
      if (endedBecause != null) {
        return;
      }
      endedBecause = because;
    }
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing QEMU's control channel", e);
    }
    IOException lost = new IOException(because);
    greeted.completeExceptionally(lost);
    ready.completeExceptionally(lost);
    waiting.values().forEach(answer -> answer.completeExceptionally(lost));
    writer.interrupt();
    if (!toHandOut.offer(() -> {})) {
      LOG.debug("the event thread is busy and will see the end by itself");
    }
  }

  /** QEMU's error answer, as the reader thread hands it to the caller. */
  private static final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    Refusal(String message) {
      super(message);
    }
  }
}
