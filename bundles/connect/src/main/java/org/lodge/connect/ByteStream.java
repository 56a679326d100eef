package org.lodge.connect;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * One end of a connection: bytes in both directions, each of which ends by itself.
 *
 * <p>Nothing is queued without a bound: {@link #write} waits while the other side gives no credit,
 * so whoever does not read stalls only those who write to it. One thread may read while another
 * writes; {@link #reset} and {@link #close} may come from any thread, never block, and end both.
 * Waiting is meant for virtual threads.
 */
@ConsumerType
public interface ByteStream extends AutoCloseable {
  /**
   * Waits for bytes and takes what is there, at most as many as fit.
   *
   * @return how many, at least 1 unless the buffer has no room; -1 once the other side sends no
   *     more
   * @throws IOException where the connection was reset
   */
  int read(ByteBuffer into) throws IOException;

  /**
   * Sends all bytes from position to limit and waits until they are taken over.
   *
   * @throws IOException where the connection was reset or nobody reads any more; part of the bytes
   *     may have gone then
   */
  void write(ByteBuffer from) throws IOException;

  /** Says that nothing more will be written; the other side reads an end. Idempotent. */
  void shutdownOutput() throws IOException;

  /** Ends at once; the other side sees a reset. Idempotent. */
  void reset();

  /** Ends in order: what was written still arrives. Idempotent; nothing after {@link #reset}. */
  @Override
  void close();

  /**
   * Lets two streams flow into each other inside the transport, with one copy from end to end.
   * Neither may be read or written from then on.
   *
   * @return empty where the transport can't; the broker then carries the bytes through a buffer
   */
  default Optional<StreamJoin> join(ByteStream other) {
    return Optional.empty();
  }

  /**
   * How bytes that arrive here can go on to another stream with one copy. Both are read and written
   * as before besides.
   *
   * @return empty where the transport can't; such bytes are read here and written there then
   */
  default Optional<StreamMove> moveTo(ByteStream other) {
    return Optional.empty();
  }

  /**
   * How the program at the other side ends: its exit code, or 128 and the signal that ended it. It
   * has nothing to do with the end of the bytes, and fails where nobody is left who knows.
   *
   * @return empty where no program was started for this connection
   */
  default Optional<CompletionStage<Integer>> outcome() {
    return Optional.empty();
  }
}
