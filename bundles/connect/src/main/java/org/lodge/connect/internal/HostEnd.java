package org.lodge.connect.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.LongConsumer;
import org.lodge.connect.ByteStream;
import org.lodge.connect.StreamMove;

/** A stream that code on the host holds: counted, and ended with its connection. */
final class HostEnd implements ByteStream {
  private final ByteStream stream;
  private final LongConsumer onRead;
  private final LongConsumer onWritten;
  private final Runnable onClose;
  private final Runnable onReset;

  HostEnd(
      ByteStream stream,
      LongConsumer onRead,
      LongConsumer onWritten,
      Runnable onClose,
      Runnable onReset) {
    this.stream = stream;
    this.onRead = onRead;
    this.onWritten = onWritten;
    this.onClose = onClose;
    this.onReset = onReset;
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    try {
      int bytes = stream.read(into);
      onRead.accept(Math.max(0, bytes));
      return bytes;
    } catch (IOException e) {
      onReset.run();
      throw e;
    }
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    int bytes = from.remaining();
    try {
      stream.write(from);
      onWritten.accept(bytes);
    } catch (IOException e) {
      onReset.run();
      throw e;
    }
  }

  @Override
  public Optional<StreamMove> moveTo(ByteStream other) {
    return other instanceof HostEnd to
        ? stream.moveTo(to.stream).map(move -> new Counted(move, this, to))
        : Optional.empty();
  }

  private record Counted(StreamMove move, HostEnd from, HostEnd to) implements StreamMove {
    @Override
    public int await() throws IOException {
      try {
        return move.await();
      } catch (IOException e) {
        from.onReset.run();
        throw e;
      }
    }

    @Override
    public void move(int bytes) throws IOException {
      move.move(bytes);
      from.onRead.accept(bytes);
      to.onWritten.accept(bytes);
    }
  }

  @Override
  public Optional<CompletionStage<Integer>> outcome() {
    return stream.outcome();
  }

  @Override
  public void shutdownOutput() throws IOException {
    stream.shutdownOutput();
  }

  @Override
  public void reset() {
    stream.reset();
    onReset.run();
  }

  @Override
  public void close() {
    stream.close();
    onClose.run();
  }
}
