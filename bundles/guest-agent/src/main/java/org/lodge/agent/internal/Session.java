package org.lodge.agent.internal;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
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
import org.lodge.agent.AgentFile;
import org.lodge.agent.AgentInfo;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.agent.GuestClocks;
import org.lodge.agent.GuestStats;
import org.lodge.agent.ShutdownKind;
import org.lodge.vsock.VsockStream;

/**
 * The main channel of one agent: requests go out, results are matched to them, and connections that
 * were announced are handed to those who wait for them.
 */
final class Session implements AgentSession {
  private static final int COPY_BYTES = 64 << 10;
  private static final int GET_RESULT_BYTES = 24;

  /** Of what has no limit of its own; the others wait at least the second for room at the agent. */
  private static final Duration SENDING = Duration.ofSeconds(10);

  private static final Duration SENDING_LEAST = Duration.ofSeconds(1);

  private final VsockStream channel;
  private final AgentInfo info;
  private final ScheduledExecutorService timer;
  private final SecureRandom tokens = new SecureRandom();
  private final AtomicLong calls = new AtomicLong();
  private final ReentrantLock sending = new ReentrantLock();
  private final Map<Long, CompletableFuture<ByteBuffer>> results = new ConcurrentHashMap<>();
  private final Map<Long, CompletableFuture<ExitStatus>> exits = new ConcurrentHashMap<>();
  private final Map<Long, CompletableFuture<VsockStream>> announced = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  volatile boolean ready;

  Session(VsockStream channel, Wire.Hello hello, ScheduledExecutorService timer) {
    this.channel = channel;
    this.timer = timer;
    this.info = hello.info();
    this.ready = hello.up();
  }

  /** Takes what the agent says until it hangs up. */
  void run() throws IOException {
    try {
      while (true) {
        Wire.Message message = Wire.readMessage(channel);
        switch (message.type()) {
          case Wire.RESULT -> result(message);
          case Wire.EXITED -> exited(message);
          default -> throw Wire.bad(channel, "a message of type " + message.type());
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
      throw Wire.bad(channel, "a result without a status");
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
      throw Wire.bad(channel, "an exit without a status");
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

  private final class Expected {
    final long token = tokens.nextLong();
    final CompletableFuture<VsockStream> stream = new CompletableFuture<>();

    Expected() {
      announced.put(token, stream);
    }

    VsockStream await(Duration limit) throws IOException {
      return Session.this.await(stream, limit, "no connection came");
    }

    /** Wants the connection no more, whether it has come or not. */
    void forget() {
      announced.remove(token);
      if (!stream.cancel(false) && !stream.isCompletedExceptionally()) {
        stream.join().reset();
      }
    }
  }

  ByteBuffer call(int type, ByteBuffer body, Duration limit) throws IOException {
    return call(calls.incrementAndGet(), type, body, limit);
  }

  private ByteBuffer call(long call, int type, ByteBuffer body, Duration limit) throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    CompletableFuture<ByteBuffer> result = begin(call, type, body, limit);
    try {
      return await(result, left(deadline), "the agent did not answer");
    } finally {
      results.remove(call);
    }
  }

  private CompletableFuture<ByteBuffer> begin(long call, int type, ByteBuffer body, Duration limit)
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

  private <T> T await(CompletableFuture<T> future, Duration limit, String otherwise)
      throws IOException {
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

  private <T> T onceStarted(Duration limit, OnceStarted.Attempt<T> attempt) throws IOException {
    return new OnceStarted().ask(guest(), limit, attempt);
  }

  private static Duration left(long deadlineNanos) {
    return Duration.ofNanos(Math.max(0, deadlineNanos - System.nanoTime()));
  }

  @Override
  public AgentProgram exec(ExecRequest request, Duration limit) throws IOException {
    return onceStarted(limit, left -> execNow(request, left));
  }

  private AgentProgram execNow(ExecRequest request, Duration limit) throws IOException {
    boolean noErrors = request.terminal().isPresent() || request.errorsInGuest();
    long call = calls.incrementAndGet();
    CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
    Expected stream = new Expected();
    Expected errors = new Expected();
    exits.put(call, exit);
    try {
      ByteBuffer body = Wire.exec(request, stream.token, noErrors ? 0 : errors.token);
      ByteBuffer result = call(call, Wire.EXEC, body, limit);
      if (result.remaining() < 4) {
        throw Wire.bad(channel, "a program without a number");
      }
      VsockStream both = stream.await(limit);
      VsockStream error = noErrors ? null : errors.await(limit);
      return new Program(this, call, result.getInt(), both, error, exit);
    } catch (IOException | RuntimeException e) {
      exits.remove(call);
      stream.forget();
      errors.forget();
      throw e;
    } finally {
      announced.remove(errors.token);
    }
  }

  /** Waits no more for the end of a program, which may never be told. */
  void forget(long call) {
    CompletableFuture<ExitStatus> waiting = exits.remove(call);
    if (waiting != null) {
      waiting.completeExceptionally(
          new AgentException("guest '%s': nobody waits for the program".formatted(guest())));
    }
  }

  void resize(long call, int rows, int columns) throws IOException {
    ByteBuffer body = Wire.buffer(4).putShort((short) rows).putShort((short) columns).flip();
    send(Wire.RESIZE, call, body);
  }

  void signal(long call, int number) throws IOException {
    send(Wire.SIGNAL, call, Wire.buffer(4).putInt(number).flip());
  }

  @Override
  public AgentFile get(String path, Duration limit) throws IOException {
    return onceStarted(limit, left -> getNow(path, left));
  }

  private AgentFile getNow(String path, Duration limit) throws IOException {
    Expected content = new Expected();
    try {
      ByteBuffer result = call(Wire.GET, Wire.get(content.token, path), limit);
      if (result.remaining() < GET_RESULT_BYTES) {
        throw Wire.bad(channel, "a file without a size");
      }
      long size = result.getLong();
      int mode = result.getInt() & 07777;
      result.getInt();
      return new AgentFile(size, mode, result.getLong(), content.await(limit));
    } catch (IOException | RuntimeException e) {
      content.forget();
      throw e;
    }
  }

  @Override
  public void put(
      String path, int mode, long sizeBytes, ReadableByteChannel content, Duration limit)
      throws IOException {
    onceStarted(
        limit,
        left -> {
          putNow(path, mode, sizeBytes, content, left);
          return null;
        });
  }

  /** Reads nothing of the content where the guest is still starting. */
  private void putNow(
      String path, int mode, long sizeBytes, ReadableByteChannel content, Duration limit)
      throws IOException {
    Expected connection = new Expected();
    long call = calls.incrementAndGet();
    ByteBuffer body = Wire.put(connection.token, sizeBytes, mode, path);
    CompletableFuture<ByteBuffer> result = begin(call, Wire.PUT, body, limit);
    result.whenComplete((answer, failure) -> {
      if (failure != null) {
        connection.stream.completeExceptionally(failure);
      }
    });
    try {
      copy(content, connection.await(limit), sizeBytes);
      await(result, limit, "the agent did not answer");
    } catch (NotTakenException e) {
      // Why it takes no more, such as a disk that is full, comes on the other channel.
      connection.forget();
      await(result, limit, "the agent did not answer");
      throw (IOException) e.getCause();
    } catch (IOException | RuntimeException e) {
      connection.forget();
      if (result.isCompletedExceptionally()) {
        await(result, limit, "");
      }
      throw e;
    } finally {
      results.remove(call);
    }
  }

  private static void copy(ReadableByteChannel from, VsockStream to, long sizeBytes)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(COPY_BYTES);
    long left = sizeBytes;
    while (left > 0) {
      buffer.clear().limit((int) Math.min(left, COPY_BYTES));
      if (from.read(buffer) < 0) {
        throw new AgentException(
            "the content ended %d bytes before its size of %d".formatted(left, sizeBytes));
      }
      left -= buffer.position();
      try {
        to.write(buffer.flip());
      } catch (IOException e) {
        throw new NotTakenException(e);
      }
    }
    to.shutdownOutput();
  }

  /** The guest has ended the connection for what it was to take. */
  private static final class NotTakenException extends IOException {
    private static final long serialVersionUID = 1;

    NotTakenException(IOException cause) {
      super(cause);
    }
  }

  @Override
  public void shutdown(ShutdownKind kind, Duration limit) throws IOException {
    call(Wire.SHUTDOWN, Wire.buffer(4).putInt(kind.ordinal() + 1).flip(), limit);
  }

  @Override
  public GuestStats stats(Duration limit) throws IOException {
    return Wire.stats(channel, call(Wire.STATS, Wire.buffer(0), limit));
  }

  @Override
  public GuestClocks clocks(Duration limit) throws IOException {
    return Wire.clocks(channel, call(Wire.CLOCKS, Wire.buffer(0), limit));
  }

  @Override
  public VsockStream openUnix(String path, Duration limit) throws IOException {
    return onceStarted(
        limit,
        left -> {
          Expected connection = new Expected();
          return open(connection, Wire.OPEN, Wire.openUnix(connection.token, path), left);
        });
  }

  @Override
  public VsockStream openUnixWithHandles(String path, Duration limit) throws IOException {
    return onceStarted(
        limit,
        left -> {
          Expected connection = new Expected();
          return open(connection, Wire.OPEN_HANDLES, Wire.openUnix(connection.token, path), left);
        });
  }

  @Override
  public VsockStream openTcp(int port, Duration limit) throws IOException {
    return onceStarted(
        limit,
        left -> {
          Expected connection = new Expected();
          return open(connection, Wire.OPEN, Wire.openTcp(connection.token, port), left);
        });
  }

  @Override
  public VsockStream serveFolder(String path, boolean create, Duration limit) throws IOException {
    Expected connection = new Expected();
    return open(connection, Wire.SHARE, Wire.share(connection.token, create, path), limit);
  }

  private VsockStream open(Expected connection, int type, ByteBuffer body, Duration limit)
      throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      call(type, body, limit);
      return connection.await(left(deadline));
    } catch (IOException | RuntimeException e) {
      connection.forget();
      throw e;
    }
  }

  @Override
  public void listen(
      String path,
      int mode,
      int uid,
      int gid,
      String service,
      String argument,
      String target,
      Duration limit)
      throws IOException {
    ByteBuffer body = Wire.listen(path, mode, uid, gid, service, argument, target);
    onceStarted(limit, left -> call(Wire.LISTEN, body.duplicate(), left));
  }

  @Override
  public void listenWithHandles(
      String path,
      int mode,
      int uid,
      int gid,
      String service,
      String argument,
      String target,
      Duration limit)
      throws IOException {
    ByteBuffer body = Wire.listen(path, mode, uid, gid, service, argument, target);
    onceStarted(limit, left -> call(Wire.LISTEN_HANDLES, body.duplicate(), left));
  }

  @Override
  public void unlisten(String path, Duration limit) throws IOException {
    call(Wire.UNLISTEN, Wire.unlisten(path), limit);
  }

  @Override
  public void ping(Duration limit) throws IOException {
    call(Wire.PING, Wire.buffer(0), limit);
  }

  @Override
  public String guest() {
    return channel.guest();
  }

  @Override
  public AgentInfo info() {
    return info;
  }

  @Override
  public boolean isOpen() {
    return !closed.get();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      channel.reset();
      AgentException gone = gone();
      results.values().forEach(waiting -> waiting.completeExceptionally(gone));
      exits.values().forEach(waiting -> waiting.completeExceptionally(gone));
      announced.values().forEach(waiting -> waiting.completeExceptionally(gone));
    }
  }
}
