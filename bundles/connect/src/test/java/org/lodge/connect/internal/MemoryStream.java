package org.lodge.connect.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.lodge.connect.ByteStream;
import org.lodge.connect.StreamJoin;

/** Two ends of a connection in memory, with a small window: a transport for tests. */
final class MemoryStream implements ByteStream {
  private static final int WINDOW_BYTES = 16 << 10;

  /** One direction. */
  private static final class Way {
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW_BYTES).limit(0);
    private boolean ended;
    private boolean reset;

    synchronized int read(ByteBuffer into) throws IOException {
      while (!window.hasRemaining() && !ended && !reset) {
        await();
      }
      if (reset) {
        throw new IOException("reset");
      }
      if (!window.hasRemaining()) {
        return -1;
      }
      int bytes = Math.min(window.remaining(), into.remaining());
      into.put(into.position(), window, window.position(), bytes);
      into.position(into.position() + bytes);
      window.position(window.position() + bytes);
      notifyAll();
      return bytes;
    }

    synchronized void write(ByteBuffer from) throws IOException {
      while (from.hasRemaining()) {
        if (reset || ended) {
          throw new IOException(reset ? "reset" : "write after the end");
        }
        window.compact();
        int bytes = Math.min(window.remaining(), from.remaining());
        window.put(window.position(), from, from.position(), bytes);
        window.position(window.position() + bytes);
        from.position(from.position() + bytes);
        window.flip();
        notifyAll();
        if (from.hasRemaining()) {
          await();
        }
      }
    }

    synchronized void end() {
      ended = true;
      notifyAll();
    }

    synchronized void reset() {
      reset = true;
      notifyAll();
    }

    synchronized boolean isOver() {
      return reset || ended;
    }

    private void await() throws IOException {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(e);
      }
    }
  }

  private final Way in;
  private final Way out;
  private volatile StreamJoin joinOffered;
  private volatile RuntimeException joinFailure;
  private volatile CompletionStage<Integer> outcome;

  /** The other end, for who plays the guest. */
  final MemoryStream peer;

  MemoryStream() {
    this.in = new Way();
    this.out = new Way();
    this.peer = new MemoryStream(this);
  }

  private MemoryStream(MemoryStream peer) {
    this.in = peer.out;
    this.out = peer.in;
    this.peer = peer;
  }

  /** Makes this a transport that joins by itself. */
  MemoryStream joiningBy(StreamJoin join) {
    joinOffered = join;
    return this;
  }

  /** Makes this a transport that fails when it is joined. */
  MemoryStream joiningBy(RuntimeException failure) {
    joinFailure = failure;
    return this;
  }

  /** Makes this the stream of a program that ends so. */
  MemoryStream endingWith(CompletionStage<Integer> code) {
    outcome = code;
    return this;
  }

  @Override
  public Optional<CompletionStage<Integer>> outcome() {
    return Optional.ofNullable(outcome);
  }

  /** Whether both ways are over. */
  boolean isOver() {
    return in.isOver() && out.isOver();
  }

  boolean isReset() {
    synchronized (in) {
      return in.reset;
    }
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return in.read(into);
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    out.write(from);
  }

  @Override
  public void shutdownOutput() {
    out.end();
  }

  @Override
  public void reset() {
    in.reset();
    out.reset();
  }

  @Override
  public void close() {
    out.end();
    in.end();
  }

  @Override
  public Optional<StreamJoin> join(ByteStream other) {
    if (joinFailure != null) {
      throw joinFailure;
    }
    return Optional.ofNullable(joinOffered);
  }
}
