package org.lodge.agent.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
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
import org.lodge.agent.internal.AgentChannel.Expected;
import org.lodge.vsock.VsockStream;

/** What one agent can be asked for, as requests on its main channel. */
final class Session implements AgentSession {
  private static final int COPY_BYTES = 64 << 10;
  private static final int GET_RESULT_BYTES = 24;

  private final AgentChannel channel;
  private final AgentInfo info;
  volatile boolean ready;

  Session(VsockStream stream, Wire.Hello hello, ScheduledExecutorService timer) {
    channel = new AgentChannel(stream, timer);
    info = hello.info();
    ready = hello.up();
  }

  AgentChannel channel() {
    return channel;
  }

  private <T> T onceStarted(Duration limit, OnceStarted.Attempt<T> attempt) throws IOException {
    return new OnceStarted().ask(guest(), limit, attempt);
  }

  @Override
  public AgentProgram exec(ExecRequest request, Duration limit) throws IOException {
    return onceStarted(limit, left -> execNow(request, left));
  }

  private AgentProgram execNow(ExecRequest request, Duration limit) throws IOException {
    boolean noErrors = request.terminal().isPresent() || request.errorsInGuest();
    long call = channel.nextCall();
    CompletableFuture<ExitStatus> exit = channel.expectExit(call);
    Expected stream = channel.expectConnection();
    Expected errors = channel.expectConnection();
    try {
      ByteBuffer body = Wire.exec(request, stream.token, noErrors ? 0 : errors.token);
      ByteBuffer result = channel.call(call, Wire.EXEC, body, limit);
      if (result.remaining() < 4) {
        throw channel.bad("a program without a number");
      }
      VsockStream both = stream.await(limit);
      VsockStream error = noErrors ? null : errors.await(limit);
      return new Program(channel, call, result.getInt(), both, error, exit);
    } catch (IOException | RuntimeException e) {
      channel.forgetExit(call);
      stream.forget();
      errors.forget();
      throw e;
    } finally {
      errors.expectNoMore();
    }
  }

  @Override
  public AgentFile get(String path, Duration limit) throws IOException {
    return onceStarted(limit, left -> getNow(path, left));
  }

  private AgentFile getNow(String path, Duration limit) throws IOException {
    Expected content = channel.expectConnection();
    try {
      ByteBuffer result = channel.call(Wire.GET, Wire.get(content.token, path), limit);
      if (result.remaining() < GET_RESULT_BYTES) {
        throw channel.bad("a file without a size");
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
    Expected connection = channel.expectConnection();
    long call = channel.nextCall();
    ByteBuffer body = Wire.put(connection.token, sizeBytes, mode, path);
    CompletableFuture<ByteBuffer> result = channel.begin(call, Wire.PUT, body, limit);
    result.whenComplete((answer, failure) -> {
      if (failure != null) {
        connection.stream.completeExceptionally(failure);
      }
    });
    try {
      copy(content, connection.await(limit), sizeBytes);
      channel.await(result, limit, "the agent did not answer");
    } catch (NotTakenException e) {
      // Why it takes no more, such as a disk that is full, comes on the other channel.
      connection.forget();
      channel.await(result, limit, "the agent did not answer");
      throw (IOException) e.getCause();
    } catch (IOException | RuntimeException e) {
      connection.forget();
      if (result.isCompletedExceptionally()) {
        channel.await(result, limit, "");
      }
      throw e;
    } finally {
      channel.forgetResult(call);
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
    channel.call(Wire.SHUTDOWN, Wire.buffer(4).putInt(kind.ordinal() + 1).flip(), limit);
  }

  @Override
  public GuestStats stats(Duration limit) throws IOException {
    return Wire.stats(channel.stream(), channel.call(Wire.STATS, Wire.buffer(0), limit));
  }

  @Override
  public GuestClocks clocks(Duration limit) throws IOException {
    return Wire.clocks(channel.stream(), channel.call(Wire.CLOCKS, Wire.buffer(0), limit));
  }

  @Override
  public VsockStream openUnix(String path, Duration limit) throws IOException {
    return onceStarted(
        limit,
        left -> {
          Expected connection = channel.expectConnection();
          return open(connection, Wire.OPEN, Wire.openUnix(connection.token, path), left);
        });
  }

  @Override
  public VsockStream openUnixWithHandles(String path, Duration limit) throws IOException {
    return onceStarted(
        limit,
        left -> {
          Expected connection = channel.expectConnection();
          return open(connection, Wire.OPEN_HANDLES, Wire.openUnix(connection.token, path), left);
        });
  }

  @Override
  public VsockStream openTcp(int port, Duration limit) throws IOException {
    return onceStarted(
        limit,
        left -> {
          Expected connection = channel.expectConnection();
          return open(connection, Wire.OPEN, Wire.openTcp(connection.token, port), left);
        });
  }

  @Override
  public VsockStream serveFolder(String path, boolean create, Duration limit) throws IOException {
    Expected connection = channel.expectConnection();
    return open(connection, Wire.SHARE, Wire.share(connection.token, create, path), limit);
  }

  private VsockStream open(Expected connection, int type, ByteBuffer body, Duration limit)
      throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      channel.call(type, body, limit);
      return connection.await(AgentChannel.left(deadline));
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
    onceStarted(limit, left -> channel.call(Wire.LISTEN, body.duplicate(), left));
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
    onceStarted(limit, left -> channel.call(Wire.LISTEN_HANDLES, body.duplicate(), left));
  }

  @Override
  public void unlisten(String path, Duration limit) throws IOException {
    channel.call(Wire.UNLISTEN, Wire.unlisten(path), limit);
  }

  @Override
  public void ping(Duration limit) throws IOException {
    channel.call(Wire.PING, Wire.buffer(0), limit);
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
    return channel.isOpen();
  }

  @Override
  public void close() {
    channel.close();
  }
}
