package org.lodge.device.blk.internal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.lodge.blocks.BlockIo;
import org.lodge.blocks.BlockLimits;
import org.lodge.blocks.BlockRequest;
import org.lodge.blocks.BlockSource;
import org.lodge.blocks.BlockSources;

/** A disk in an array; it answers on a thread of its own, and may be away. */
final class FakeSource implements BlockSources, BlockSource {
  final byte[] bytes;
  final List<String> asked = new ArrayList<>();
  private final List<BlockIo> waiting = new ArrayList<>();
  private BlockLimits limits;
  private Runnable onResize = () -> {};
  private boolean away;
  private int errno;
  private boolean closed;

  FakeSource(int sizeBytes, int blockBytes, int transferBytes, boolean durableWrites) {
    bytes = new byte[sizeBytes];
    limits =
        new BlockLimits(
            sizeBytes, false, blockBytes, 4096, transferBytes, true, durableWrites, true, true);
    Thread.ofPlatform().daemon().start(this::work);
  }

  @Override
  public BlockSource open(BlockRequest request) {
    return this;
  }

  @Override
  public synchronized BlockLimits limits() {
    return limits;
  }

  @Override
  public synchronized void submit(BlockIo io) {
    waiting.add(io);
    notifyAll();
  }

  private void work() {
    BlockIo io = next();
    while (io != null) {
      int result = execute(io);
      BlockIo.Batch batch = io.batch();
      io.done(result);
      batch.show();
      io = next();
    }
  }

  private synchronized BlockIo next() {
    try {
      while (!closed && (away || waiting.isEmpty())) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
    return closed ? null : waiting.removeFirst();
  }

  private synchronized int execute(BlockIo io) {
    asked.add(
        "%s %d+%d%s".formatted(io.kind(), io.offset(), io.bytes(), io.durable() ? " durable" : ""));
    if (errno != 0) {
      return errno;
    }
    int end = (int) io.offset() + io.bytes();
    switch (io.kind()) {
      case FLUSH -> {}
      case DISCARD, ZERO -> Arrays.fill(bytes, (int) io.offset(), end, (byte) 0);
      default -> {
        for (int at = 0; at < io.bytes(); ) {
          ByteBuffer memory = io.memory(at);
          int part = memory.remaining();
          if (io.kind() == BlockIo.Kind.READ) {
            memory.put(bytes, (int) io.offset() + at, part);
          } else {
            memory.get(bytes, (int) io.offset() + at, part);
          }
          at += part;
        }
      }
    }
    return 0;
  }

  synchronized void away(boolean now) {
    away = now;
    notifyAll();
  }

  synchronized void fail(int with) {
    errno = with;
  }

  synchronized void grow(long sizeBytes) {
    limits = limits.withSize(sizeBytes);
    onResize.run();
  }

  /** What was asked since the last call. */
  synchronized List<String> asked() {
    List<String> all = List.copyOf(asked);
    asked.clear();
    return all;
  }

  @Override
  public void withdraw(Predicate<BlockIo> which) {
    List<BlockIo> taken = new ArrayList<>();
    synchronized (this) {
      if (away) {
        waiting.removeIf(io -> which.test(io) && taken.add(io));
      }
    }
    taken.forEach(BlockIo::withdrawn);
  }

  @Override
  public void look() {}

  @Override
  public synchronized void onResize(Runnable action) {
    onResize = action;
  }

  @Override
  public String place() {
    return "data of a test";
  }

  @Override
  public synchronized Optional<String> trouble() {
    return away ? Optional.of("waiting") : Optional.empty();
  }

  @Override
  public List<Count> counts() {
    return List.of(new Count("source.asked", "requests", asked.size()));
  }

  /** The device's successor has it too. */
  @Override
  public void close() {}

  synchronized void end() {
    closed = true;
    notifyAll();
  }
}
