package org.lodge.agent.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.lodge.connect.ByteStream;
import org.lodge.connect.StreamJoin;
import org.lodge.connect.StreamMove;
import org.lodge.vsock.Vsock;
import org.lodge.vsock.VsockJoin;
import org.lodge.vsock.VsockStream;

/**
 * A guest's virtio socket connection as the broker sees it.
 *
 * @param afterReset does not wait
 */
record CallStream(
    Vsock vsock,
    VsockStream stream,
    Optional<CompletionStage<Integer>> outcome,
    Runnable afterReset)
    implements ByteStream {

  CallStream(Vsock vsock, VsockStream stream) {
    this(vsock, stream, Optional.empty(), () -> {});
  }

  private record Join(VsockJoin join) implements StreamJoin {
    @Override
    public long forwardBytes() {
      return join.forwardBytes();
    }

    @Override
    public long backwardBytes() {
      return join.backwardBytes();
    }

    @Override
    public CompletionStage<Void> ended() {
      return join.ended();
    }

    @Override
    public void reset() {
      join.close();
    }
  }

  @Override
  public int read(ByteBuffer into) throws IOException {
    return stream.read(into);
  }

  @Override
  public void write(ByteBuffer from) throws IOException {
    stream.write(from);
  }

  @Override
  public void shutdownOutput() {
    stream.shutdownOutput();
  }

  @Override
  public void reset() {
    stream.reset();
    afterReset.run();
  }

  @Override
  public void close() {
    stream.close();
  }

  @Override
  public Optional<StreamJoin> join(ByteStream other) {
    if (other instanceof CallStream to && to.vsock == vsock) {
      try {
        return Optional.of(new Join(vsock.join(stream, to.stream)));
      } catch (IllegalArgumentException e) {
        // One of them is over: the broker sees that when it reads.
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  private record Move(VsockStream from, VsockStream to) implements StreamMove {
    @Override
    public int await() throws IOException {
      return from.await();
    }

    @Override
    public void move(int bytes) throws IOException {
      from.moveTo(to, bytes);
    }
  }

  @Override
  public Optional<StreamMove> moveTo(ByteStream other) {
    return other instanceof CallStream to && stream.movesTo(to.stream)
        ? Optional.of(new Move(stream, to.stream))
        : Optional.empty();
  }
}
