package org.lodge.connect.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.lodge.connect.ByteStream;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.StreamJoin;

/**
 * Lets two streams flow into each other: inside the transport where it can, else through one buffer
 * that is filled from one side and handed to the other.
 *
 * <p>An idle direction has a small buffer. One whose reads fill it takes a large one, as long as
 * the guest's bytes in flight allow; beyond that it goes on with the small one, slower but never
 * stuck.
 */
final class Pump {
  static final int SMALL_BYTES = 4 << 10;
  static final int LARGE_BYTES = 64 << 10;

  private final Link link;
  private final Usage usage;
  private final AtomicInteger flowing = new AtomicInteger(2);

  private Pump(Link link, Usage usage) {
    this.link = link;
    this.usage = usage;
  }

  /** Starts, and ends the link when both directions are over, or one is broken. */
  static void start(Link link, ByteStream source, ByteStream target, Usage usage) {
    Optional<StreamJoin> joined = source.join(target);
    if (joined.isPresent()) {
      StreamJoin join = joined.get();
      link.countBy(join::forwardBytes, join::backwardBytes);
      link.onEnd(how -> join.reset());
      join.ended()
          .whenComplete(
              (done, failure) -> link.end(failure == null ? done() : reset(failure.getMessage())));
      return;
    }
    Pump pump = new Pump(link, usage);
    pump.flow("forward", source, target, link::countForward);
    pump.flow("backward", target, source, link::countBackward);
  }

  private void flow(String direction, ByteStream from, ByteStream to, LongConsumer count) {
    Thread.ofVirtual()
        .name("connection-" + link.id() + "-" + direction)
        .start(() -> run(from, to, count));
  }

  private void run(ByteStream from, ByteStream to, LongConsumer count) {
    try {
      copy(from, to, count);
      to.shutdownOutput();
      if (flowing.decrementAndGet() == 0) {
        link.end(done());
      }
    } catch (IOException e) {
      link.end(reset(e.getMessage()));
    } catch (RuntimeException | Error e) {
      link.end(Ending.failed(Reason.ENDED, "carrying bytes failed: " + e));
    }
  }

  private static Ending done() {
    return Ending.orderly("both sides are done");
  }

  private static Ending reset(String why) {
    return Ending.failed(Reason.ENDED, "a side was reset: " + why);
  }

  private void copy(ByteStream from, ByteStream to, LongConsumer count) throws IOException {
    ByteBuffer small = ByteBuffer.allocate(SMALL_BYTES);
    ByteBuffer large = null;
    try {
      while (true) {
        ByteBuffer buffer = large == null ? small : large;
        int bytes = from.read(buffer.clear());
        if (bytes < 0) {
          return;
        }
        to.write(buffer.flip());
        count.accept(bytes);
        if (large == null && bytes == SMALL_BYTES && usage.reserve(LARGE_BYTES)) {
          large = ByteBuffer.allocate(LARGE_BYTES);
        } else if (large != null && bytes < SMALL_BYTES) {
          usage.free(LARGE_BYTES);
          large = null;
        }
      }
    } finally {
      if (large != null) {
        usage.free(LARGE_BYTES);
      }
    }
  }
}
