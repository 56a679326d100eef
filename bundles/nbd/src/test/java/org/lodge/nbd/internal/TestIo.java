package org.lodge.nbd.internal;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.lodge.blocks.BlockIo;

/** One request of a test; its memory comes in pieces, as a guest's does. */
final class TestIo implements BlockIo {
  static final int WITHDRAWN = -1;
  private static final int PIECE_BYTES = 3000;
  private static final Duration LIMIT = Duration.ofSeconds(40);

  private final Kind kind;
  private final long offset;
  private final int bytes;
  final byte[] data;
  private final CompletableFuture<Integer> over = new CompletableFuture<>();

  /** Not before this may anything be told to be seen. */
  private int result;

  boolean durable;

  private TestIo(Kind kind, long offset, int bytes, byte[] data) {
    this.kind = kind;
    this.offset = offset;
    this.bytes = bytes;
    this.data = data;
  }

  static TestIo read(long offset, int bytes) {
    return new TestIo(Kind.READ, offset, bytes, new byte[bytes]);
  }

  static TestIo write(long offset, byte[] data) {
    return new TestIo(Kind.WRITE, offset, data.length, data);
  }

  static TestIo flush() {
    return new TestIo(Kind.FLUSH, 0, 0, new byte[0]);
  }

  static TestIo range(Kind kind, long offset, int bytes) {
    return new TestIo(kind, offset, bytes, new byte[0]);
  }

  TestIo submitTo(NbdDisk disk) {
    disk.submit(this);
    return this;
  }

  /** Waits; 0, an error number, or {@link #WITHDRAWN}. */
  int await() throws Exception {
    return over.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  boolean isOver() {
    return over.isDone();
  }

  @Override
  public Kind kind() {
    return kind;
  }

  @Override
  public long offset() {
    return offset;
  }

  @Override
  public int bytes() {
    return bytes;
  }

  @Override
  public boolean durable() {
    return durable;
  }

  @Override
  public boolean mayUnmap() {
    return true;
  }

  @Override
  public ByteBuffer memory(int at) {
    return ByteBuffer.wrap(data, at, Math.min(bytes - at, PIECE_BYTES - at % PIECE_BYTES));
  }

  @Override
  public void done(int errno) {
    if (!over.complete(errno)) {
      throw new AssertionError("answered twice");
    }
    result = errno;
  }

  @Override
  public void withdrawn() {
    done(WITHDRAWN);
  }

  @Override
  public Batch batch() {
    return () -> {};
  }

  @Override
  public String toString() {
    return "%s of %d bytes at %d: %d".formatted(kind, bytes, offset, result);
  }
}
