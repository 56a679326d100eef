package org.lodge.agent.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.agent.AgentException;
import org.lodge.agent.ExitStatus;
import org.lodge.vsock.VsockStream;

/**
 * The main channel of one agent: requests go out, results are matched to them, and connections that
 * were announced are handed to those who wait for them. Thread-safe.
 */
final class AgentChannel {
  /** Of what has no limit of its own; the others wait at least the second for room at the agent. */
  private static final Duration SENDING = Duration.ofSeconds(10);

  private static final Duration SENDING_LEAST = Duration.ofSeconds(1);

  private final VsockStream channel;
  private final ScheduledExecutorService timer;
  private final SecureRandom tokens = new SecureRandom();
  private final AtomicLong calls = new AtomicLong();
  private final ReentrantLock sending = new ReentrantLock();
  private final Map<Long, CompletableFuture<ByteBuffer>> results = new ConcurrentHashMap<>();
  private final Map<Long, CompletableFuture<ExitStatus>> exits = new ConcurrentHashMap<>();
  private final Map<Long, CompletableFuture<VsockStream>> announced = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  AgentChannel(VsockStream channel, ScheduledExecutorService timer) {
    this.channel = channel;
    this.timer = timer;
  }

  /** Takes what the agent says until it hangs up. */
  void run() throws IOException {
    try {
      while (true) {
        Wire.Message message = Wire.readMessage(channel);
        switch (message.type()) {
          case Wire.RESULT -> result(message);
          case Wire.EXITED -> exited(message);
          default -> throw bad("a message of type " + message.type());
        }
      }
    } finally {
      close();
    }
  }

  private void result(Wire.Message message) throws AgentException {
    ByteBuffer body = message.body();
    CompletableFuture<ByteBuffer> waiting = results.remove(message.call());
    if (body.remaining() < 4) {
      throw bad("a result without a status");
    }
    int errno = body.getInt();
    if (waiting == null) {
      return;
    }
    if (errno == 0) {
      waiting.complete(body);
    } else {
      waiting.completeExceptionally(
          new AgentException("guest '%s': %s".formatted(guest(), Wire.text(body)), errno));
    }
  }

  private void exited(Wire.Message message) throws AgentException {
    ByteBuffer body = message.body();
    if (body.remaining() < 8) {
      throw bad("an exit without a status");
    }
    CompletableFuture<ExitStatus> waiting = exits.remove(message.call());
    if (waiting != null) {
      waiting.complete(new ExitStatus(body.getInt() & 0xff, body.getInt() & 0x7f));
    }
  }

  /** A connection with a token has come; false where nobody waits for it. */
  boolean announced(long token, VsockStream stream) {
    CompletableFuture<VsockStream> waiting = announced.remove(token);
    return waiting != null && waiting.complete(stream);
  }

  /** A connection with a token, which the agent opens when it is asked to. */
  final class Expected {
    final long token = tokens.nextLong();
    final CompletableFuture<VsockStream> stream = new CompletableFuture<>();

    private Expected() {
      announced.put(token, stream);
    }

    VsockStream await(Duration limit) throws IOException {
      return AgentChannel.this.await(stream, limit, "no connection came");
    }

    /** No connection comes any more, or the one that is to. */
    void expectNoMore() {
      announced.remove(token);
    }

    /** Wants the connection no more, whether it has come or not. */
    void forget() {
      expectNoMore();
      if (!stream.cancel(false) && !stream.isCompletedExceptionally()) {
        stream.join().reset();
      }
    }
  }

  Expected expectConnection() {
    return new Expected();
  }

  /** How a program that is started by this call ends. */
  CompletableFuture<ExitStatus> expectExit(long call) {
    CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
    exits.put(call, exit);
    return exit;
  }

  /** Waits no more for the end of a program, which may never be told. */
  void forgetExit(long call) {
    CompletableFuture<ExitStatus> waiting = exits.remove(call);
    if (waiting != null) {
      waiting.completeExceptionally(
          new AgentException("guest '%s': nobody waits for the program".formatted(guest())));
    }
  }

  void forgetResult(long call) {
    results.remove(call);
  }

  long nextCall() {
    return calls.incrementAndGet();
  }

  /** Asks, and waits for the result. */
  ByteBuffer call(int type, ByteBuffer body, Duration limit) throws IOException {
    return call(nextCall(), type, body, limit);
  }

  ByteBuffer call(long call, int type, ByteBuffer body, Duration limit) throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    CompletableFuture<ByteBuffer> result = begin(call, type, body, limit);
    try {
      return await(result, left(deadline), "the agent did not answer");
    } finally {
      results.remove(call);
    }
  }

  /** Asks; who does must {@link #forgetResult} in the end. */
  CompletableFuture<ByteBuffer> begin(long call, int type, ByteBuffer body, Duration limit)
      throws IOException {
    CompletableFuture<ByteBuffer> result = new CompletableFuture<>();
    results.put(call, result);
    try {
      send(type, call, body, limit);
    } catch (IOException e) {
      results.remove(call);
      throw e;
    }
    return result;
  }

  void send(int type, long call, ByteBuffer body) throws IOException {
    send(type, call, body, SENDING);
  }

  private void send(int type, long call, ByteBuffer body, Duration limit) throws IOException {
    takeTurn(limit);
    try {
      if (closed.get()) {
        throw gone();
      }
      write(Wire.message(type, call, body), limit);
    } finally {
      sending.unlock();
    }
  }

  private void takeTurn(Duration limit) throws IOException {
    try {
      if (!sending.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS)) {
        throw notTaken(limit);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("waiting for guest '%s'".formatted(guest()));
    }
  }

  /** An agent that takes no requests is no agent; and half a message can't be taken back. */
  private void write(ByteBuffer message, Duration limit) throws IOException {
    Duration atMost = limit.compareTo(SENDING_LEAST) < 0 ? SENDING_LEAST : limit;
    AtomicBoolean late = new AtomicBoolean();
    Future<?> end =
        timer.schedule(
            () -> {
              late.set(true);
              close();
            },
            atMost.toNanos(),
            TimeUnit.NANOSECONDS);
    try {
      channel.write(message);
    } catch (IOException e) {
      throw late.get() ? notTaken(atMost) : e;
    } finally {
      end.cancel(false);
    }
  }

  private AgentException notTaken(Duration limit) {
    return new AgentException(
        "guest '%s': the agent took no request within %d ms".formatted(guest(), limit.toMillis()));
  }

  private AgentException gone() {
    return new AgentException(
        "guest '%s': the agent has gone; it connects again by itself".formatted(guest()));
  }

  <T> T await(CompletableFuture<T> future, Duration limit, String otherwise) throws IOException {
    try {
      return future.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new AgentException(
          "guest '%s': %s within %d ms".formatted(guest(), otherwise, limit.toMillis()));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AgentException cause) {
        throw new AgentException(cause.getMessage(), cause.errno());
      }
      throw new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("waiting for guest '%s'".formatted(guest()));
    }
  }

  static Duration left(long deadlineNanos) {
    return Duration.ofNanos(Math.max(0, deadlineNanos - System.nanoTime()));
  }

  /** What the agent has said is no answer. */
  AgentException bad(String what) {
    return Wire.bad(channel, what);
  }

  VsockStream stream() {
    return channel;
  }

  String guest() {
    return channel.guest();
  }

  boolean isOpen() {
    return !closed.get();
  }

  /** Nobody who waits gets an answer any more. */
  void close() {
    if (closed.compareAndSet(false, true)) {
      channel.reset();
      AgentException gone = gone();
      results.values().forEach(waiting -> waiting.completeExceptionally(gone));
      exits.values().forEach(waiting -> waiting.completeExceptionally(gone));
      announced.values().forEach(waiting -> waiting.completeExceptionally(gone));
    }
  }
}
