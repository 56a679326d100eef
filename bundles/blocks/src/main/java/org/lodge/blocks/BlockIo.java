package org.lodge.blocks;

import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Something that a {@link BlockSource} is asked for. Reused: it stays as it is from {@link
 * BlockSource#submit} until {@link #done} or {@link #withdrawn}, one of which is called once, from
 * any thread.
 */
@ConsumerType
public interface BlockIo {

  /** What to do. */
  enum Kind {
    READ,
    WRITE,
    FLUSH,
    /** Let go of space; what is read there later is not said. */
    DISCARD,
    ZERO
  }

  /** Shows the answers of many requests at once. */
  @ConsumerType
  interface Batch {
    /** No more answers come at the moment. */
    void show();
  }

  Kind kind();

  /** On the disk; the range lies on it, and is aligned. */
  long offset();

  /** At most {@link BlockLimits#transferBytes} of a read or write. */
  int bytes();

  /** Whether it must be durable when done; only where the source can. */
  boolean durable();

  /** Whether zeroes may be holes. */
  boolean mayUnmap();

  /**
   * The memory from an offset on that lies together, from position to limit; at least one byte and
   * none beyond {@link #bytes}. Position and limit are the caller's to move; the next call may give
   * the same buffer.
   *
   * @throws InternalError where the guest's memory has gone, here or at a use of the buffer
   */
  ByteBuffer memory(int at);

  /**
   * It is over. Its answer may wait for {@link Batch#show}, which follows.
   *
   * @param errno 0, or a number of {@code errno(3)}
   */
  void done(int errno);

  /** It was not done, and will not be. */
  void withdrawn();

  Batch batch();
}
