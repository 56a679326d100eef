package org.lodge.device.blk.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.linux.FileLeases.Lease;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.Virtqueue;

/** A file or block device of the host, and who executes requests on it. */
final class FileMedium implements Medium {
  private final BlkSettings settings;
  private final Disk disk;
  private final Lease lease;
  private final UringLane.RingMaker ringMaker;
  private final Executor executor;
  private final Workers workers;
  private final Throttle throttle;

  /** Takes over disk and lease; they are this medium's to close. */
  FileMedium(
      BlkSettings settings,
      Disk disk,
      Lease lease,
      DeviceConfig config,
      BlkCounters counters,
      UringLane.RingMaker ringMaker) {
    this.settings = settings;
    this.disk = disk;
    this.lease = lease;
    this.ringMaker = ringMaker;
    executor = new Executor(disk, settings, counters);
    String threads = "blk-%s-%s".formatted(config.guest(), config.device());
    workers = new Workers(threads, settings.workers(), executor);
    throttle = new Throttle(settings, counters);
  }

  @Override
  public String name() {
    return disk.path().toString();
  }

  @Override
  public long sectors() {
    return disk.sectors();
  }

  @Override
  public int leastBlockBytes() {
    return Blk.SECTOR_BYTES;
  }

  @Override
  public int blockBytes() {
    return disk.blockBytes();
  }

  @Override
  public boolean discards() {
    return true;
  }

  @Override
  public boolean zeroes() {
    return true;
  }

  @Override
  public void writeThrough(boolean on) {
    executor.writeThrough(on);
  }

  @Override
  public boolean writeThrough() {
    return executor.writeThrough();
  }

  @Override
  public QueueServer serverOf(Virtqueue queue) {
    UringLane uring = null;
    if (disk.isDirect() || disk.readsWithoutWaiting()) {
      uring = new UringLane(queue, executor, workers, ringMaker);
    }
    return new BlkQueue(queue, executor, workers, throttle, uring, disk.isDirect());
  }

  @Override
  public boolean stopQueue(Virtqueue queue, Duration limit) {
    return queue.awaitIdle(limit);
  }

  @Override
  public void resize(DeviceConfig arguments) throws DeviceException {
    long presentBytes = disk.sectors() << Blk.SECTOR_SHIFT;
    long sizeBytes = arguments.sizeBytes("sizeBytes", 0, Blk.SECTOR_BYTES, 1L << 60);
    if (sizeBytes % Blk.SECTOR_BYTES != 0) {
      throw arguments.fault("sizeBytes", "must be a multiple of 512");
    }
    if (sizeBytes > 0 && sizeBytes < presentBytes && !arguments.flag("shrink", false)) {
      throw arguments.fault(
          "sizeBytes",
          "is less than the present %d bytes; what lies behind is lost: say --shrink, or shrink=true to device control"
              .formatted(presentBytes));
    }
    if (sizeBytes > 0 && (disk.isBlockDevice() || settings.readOnly())) {
      throw arguments.fault(
          "sizeBytes", "can only be given for a file that is not read-only; leave it out");
    }
    try {
      if (sizeBytes > 0) {
        disk.resize(sizeBytes);
      } else {
        disk.look();
      }
    } catch (IOException e) {
      throw new DeviceException("resize", disk.path() + " can't be resized: " + e.getMessage(), e);
    }
  }

  @Override
  public Optional<String> trouble() {
    return Optional.empty();
  }

  @Override
  public Optional<String> remark() {
    return disk.tailBytes() == 0
        ? Optional.empty()
        : Optional.of(
            "the guest does not see the last %d bytes of %s: a disk ends with a whole sector of 512; make the file longer, as by truncate -s %%512"
                .formatted(disk.tailBytes(), disk.path()));
  }

  @Override
  public List<Counter> counters() {
    return List.of();
  }

  @Override
  public void close() {
    workers.close();
    disk.close();
    lease.close();
  }
}
