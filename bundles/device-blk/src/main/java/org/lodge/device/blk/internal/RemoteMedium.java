package org.lodge.device.blk.internal;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.blocks.BlockLimits;
import org.lodge.blocks.BlockSource;
import org.lodge.blocks.BlockSourceException;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.Virtqueue;

/** A disk that is kept elsewhere, whose keeper may go and come. */
final class RemoteMedium implements Medium {
  /** How soon a queue that is to stop sees that the disk has gone meanwhile. */
  private static final Duration AGAIN = Duration.ofMillis(20);

  private final BlkSettings settings;
  private final BlockSource source;
  private final BlkCounters counters;
  private final Throttle throttle;
  private final byte[] serial;
  private volatile boolean writeThrough = true;

  /** Takes over the source; it is this medium's to close. */
  RemoteMedium(BlkSettings settings, BlockSource source, BlkCounters counters) {
    this.settings = settings;
    this.source = source;
    this.counters = counters;
    throttle = new Throttle(settings, counters);
    serial = settings.serialBytes();
  }

  /** Runs when the disk's size has changed. */
  void onResize(Runnable action) {
    source.onResize(action);
  }

  BlkSettings settings() {
    return settings;
  }

  BlockSource source() {
    return source;
  }

  BlockLimits limits() {
    return source.limits();
  }

  byte[] serial() {
    return serial;
  }

  @Override
  public String name() {
    return "the disk " + source.place();
  }

  @Override
  public long sectors() {
    return source.limits().sizeBytes() >>> Blk.SECTOR_SHIFT;
  }

  @Override
  public int leastBlockBytes() {
    return source.limits().blockBytes();
  }

  /** The page is what a driver works in, whatever the server would like best. */
  @Override
  public int blockBytes() {
    return Math.max(leastBlockBytes(), Math.min(4096, source.limits().preferredBytes()));
  }

  @Override
  public boolean discards() {
    return source.limits().discards();
  }

  @Override
  public boolean zeroes() {
    return source.limits().zeroes();
  }

  @Override
  public void writeThrough(boolean on) {
    writeThrough = on;
  }

  @Override
  public boolean writeThrough() {
    return writeThrough;
  }

  @Override
  public QueueServer serverOf(Virtqueue queue) {
    return new RemoteQueue(queue, this, counters, throttle);
  }

  /** While the disk is away its requests go back to the driver's queue, for whoever serves next. */
  @Override
  public boolean stopQueue(Virtqueue queue, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    do {
      source.withdraw(io -> io instanceof RemoteIo mine && mine.isOf(queue));
      if (queue.awaitIdle(AGAIN)) {
        return true;
      }
    } while (System.nanoTime() < end);
    return false;
  }

  @Override
  public void resize(DeviceConfig arguments) throws DeviceException {
    if (arguments.values().containsKey("sizeBytes")) {
      throw arguments.fault(
          "sizeBytes",
          "can't be given: change the size where the disk is kept, then say resize without it");
    }
    try {
      source.look();
    } catch (BlockSourceException e) {
      throw new DeviceException("resize", e.getMessage(), e);
    }
  }

  @Override
  public Optional<String> trouble() {
    return source.trouble();
  }

  @Override
  public List<Counter> counters() {
    return source.counts().stream()
        .map(each -> new Counter(each.name(), each.unit(), each.value()))
        .toList();
  }

  @Override
  public void close() {
    source.close();
  }
}
