package org.lodge.device.rng.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.Virtqueue;

/** Fills what the driver offers with random bytes (virtio 1.2 section 5.4). */
final class RngDevice implements Device {
  private static final int BYTES_MAX = 64 * 1024;

  private final FileChannel source;
  private final long bytesPerSecond;
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicBoolean wakeDue = new AtomicBoolean();
  private volatile String trouble;

  /** When the bytes given so far are paid for; used by the queue's thread only. */
  private long paidAtNanos = System.nanoTime();

  RngDevice(FileChannel source, long bytesPerSecond) {
    this.source = source;
    this.bytesPerSecond = bytesPerSecond;
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public int queueCount() {
    return 1;
  }

  @Override
  public void start(long acceptedFeatures) {}

  @Override
  public void serve(Virtqueue queue) throws RingException {
    while (mayGive(queue)) {
      DescriptorChain chain = queue.poll();
      if (chain == null) {
        return;
      }
      if (chain.readableBytes() > 0) {
        chain.complete(0);
        throw new RingException(RingFault.BAD_REQUEST, "an entropy request has nothing to read");
      }
      fill(chain);
    }
  }

  private void fill(DescriptorChain chain) {
    long given = 0;
    try {
      int length = (int) Math.min(BYTES_MAX, chain.writableBytes());
      for (int piece = 0; given < length; piece++) {
        ByteBuffer buffer = chain.pieceBuffer(piece);
        buffer.limit(Math.min(buffer.limit(), buffer.position() + length - (int) given));
        int read = source.read(buffer);
        if (read <= 0) {
          throw new IOException("the source has no more bytes");
        }
        given += read;
        if (buffer.hasRemaining()) {
          break;
        }
      }
      trouble = null;
    } catch (IOException e) {
      trouble = "the entropy source can't be read: " + e.getMessage();
    }
    requests.incrementAndGet();
    bytes.addAndGet(given);
    charge(given);
    chain.complete(given);
  }

  private void charge(long given) {
    if (bytesPerSecond > 0) {
      long now = System.nanoTime();
      long from = paidAtNanos - now > 0 ? paidAtNanos : now;
      paidAtNanos = from + Math.round(1e9 * given / bytesPerSecond);
    }
  }

  /** Whether the limit lets a request through now; otherwise the queue is woken when it does. */
  private boolean mayGive(Virtqueue queue) {
    long waitNanos = bytesPerSecond == 0 ? 0 : paidAtNanos - System.nanoTime();
    if (waitNanos <= 0) {
      return true;
    }
    if (wakeDue.compareAndSet(false, true)) {
      CompletableFuture.delayedExecutor(waitNanos, TimeUnit.NANOSECONDS, Runnable::run)
          .execute(() -> {
            wakeDue.set(false);
            queue.wake();
          });
    }
    return false;
  }

  @Override
  public DeviceState exportState() {
    return new DeviceState(RngFactory.TYPE_NAME, 1, new byte[0]);
  }

  @Override
  public void importState(DeviceState state) throws DeviceException {
    if (!state.type().equals(RngFactory.TYPE_NAME) || state.version() != 1) {
      throw new DeviceException("import-state", "rng 1.0.0 does not understand " + state);
    }
  }

  @Override
  public List<Counter> counters() {
    return List.of(
        new Counter("requests", "requests", requests.get()),
        new Counter("bytes", "bytes", bytes.get()));
  }

  @Override
  public Optional<String> trouble() {
    return Optional.ofNullable(trouble);
  }

  @Override
  public void close() {
    try {
      source.close();
    } catch (IOException e) {
      trouble = "the entropy source can't be closed: " + e.getMessage();
    }
  }
}
