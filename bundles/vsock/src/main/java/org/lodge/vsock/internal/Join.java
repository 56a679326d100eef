package org.lodge.vsock.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockJoin;

/** Two connections that flow into each other, counted from the join on. */
final class Join implements VsockJoin {
  private final Stream first;
  private final Stream second;
  private final long firstBefore;
  private final long secondBefore;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  Join(Stream first, Stream second) {
    this.first = first;
    this.second = second;
    firstBefore = first.consumedBytes();
    secondBefore = second.consumedBytes();
  }

  Join begin() {
    first.joinTo(second, this::streamOver);
    second.joinTo(first, this::streamOver);
    first.pump();
    second.pump();
    streamOver();
    return this;
  }

  private void streamOver() {
    if (!first.isOver() || !second.isOver()) {
      return;
    }
    // Who is still sent something after it has closed in order makes a reset of the sender only.
    if (first.isBroken() && second.isBroken()) {
      ended.completeExceptionally(
          new VsockException("%s or %s was reset".formatted(first, second)));
    } else {
      ended.complete(null);
    }
  }

  @Override
  public long forwardBytes() {
    return first.consumedBytes() - firstBefore;
  }

  @Override
  public long backwardBytes() {
    return second.consumedBytes() - secondBefore;
  }

  @Override
  public CompletionStage<Void> ended() {
    return ended.minimalCompletionStage();
  }

  @Override
  public void close() {
    first.reset();
    second.reset();
  }
}
