package org.lodge.device.blk.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.linux.FileLeases.Lease;
import org.lodge.virtio.Counter;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;

/**
 * A disk (virtio 1.2 section 5.2). This class is the device's life and its configuration space;
 * {@link BlkQueue} takes requests, {@link Executor} does them.
 *
 * <p>A driver that accepted FLUSH gets a write-back cache unless it switches that off in the
 * configuration space; one that did not gets a durable write each time (section 5.2.6.2).
 */
final class BlkDevice implements Device {
  private static final int STATE_VERSION = 2;
  private static final int STATE_BYTES = 1 + Long.BYTES;

  private final BlkSettings settings;
  private final Disk disk;
  private final Lease lease;
  private final DeviceContext context;
  private final DeviceConfig config;
  private final BlkCounters counters = new BlkCounters();
  private final DirectLane.RingMaker ringMaker;
  private final Executor executor;
  private final Workers workers;
  private final Throttle throttle;
  private final BlkQueue[] queues;
  private long acceptedFeatures;
  private volatile boolean writeback = true;
  private long sectorsTold;

  /** Takes over disk and lease; they are this device's to close. */
  BlkDevice(
      BlkSettings settings,
      Disk disk,
      Lease lease,
      DeviceConfig config,
      DeviceContext context,
      DirectLane.RingMaker ringMaker) {
    this.ringMaker = ringMaker;
    this.settings = settings;
    this.disk = disk;
    this.lease = lease;
    this.config = config;
    this.context = context;
    executor = new Executor(disk, settings, counters);
    String threads = "blk-%s-%s".formatted(config.guest(), config.device());
    workers = new Workers(threads, settings.workers(), executor);
    throttle = new Throttle(settings, counters);
    queues = new BlkQueue[settings.queues()];
    sectorsTold = disk.sectors();
  }

  @Override
  public long features() {
    return Blk.F_SEG_MAX
        | Blk.F_BLK_SIZE
        | Blk.F_TOPOLOGY
        | Blk.F_FLUSH
        | Blk.F_CONFIG_WCE
        | (settings.sizeMaxBytes() > 0 ? Blk.F_SIZE_MAX : 0)
        | (settings.readOnly() ? Blk.F_RO : 0)
        | (settings.queues() > 1 ? Blk.F_MQ : 0)
        | (settings.discard() && !settings.readOnly() ? Blk.F_DISCARD | Blk.F_WRITE_ZEROES : 0);
  }

  @Override
  public int queueCount() {
    return settings.queues();
  }

  @Override
  public int queueSizeMax(int index) {
    return 1024;
  }

  @Override
  public int configSizeBytes() {
    return Blk.CONFIG_BYTES;
  }

  @Override
  public void readConfig(int offset, ByteBuffer into) {
    int blockExponent = Integer.numberOfTrailingZeros(disk.blockBytes() / Blk.SECTOR_BYTES);
    ByteBuffer space = ByteBuffer.allocate(Blk.CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    space.putLong(disk.sectors()).putInt(settings.sizeMaxBytes()).putInt(settings.segMax());
    space.putInt(0).putInt(Blk.SECTOR_BYTES);
    space.put((byte) blockExponent).put((byte) 0).putShort((short) (1 << blockExponent)).putInt(0);
    space.put((byte) (writeback ? 1 : 0)).put((byte) 0).putShort((short) settings.queues());
    space.putInt(settings.discardMaxSectors()).putInt(Blk.RANGES_MAX).putInt(1 << blockExponent);
    space.putInt(settings.discardMaxSectors()).putInt(Blk.RANGES_MAX).put((byte) 1);
    into.put(space.clear().slice(offset, into.remaining()));
  }

  @Override
  public void writeConfig(int offset, ByteBuffer untrustedBytes) throws DeviceException {
    if (offset != Blk.CONFIG_WRITEBACK || untrustedBytes.remaining() != 1) {
      throw new DeviceException("config-write", "only the writeback byte can be written");
    }
    writeback = untrustedBytes.get() != 0;
    chooseDurability();
  }

  private void chooseDurability() {
    boolean flushes = (acceptedFeatures & Blk.F_FLUSH) != 0;
    executor.writeThrough(settings.writeThrough() || !flushes || !writeback);
  }

  /** Whether each write is durable before it is answered. */
  boolean writesThrough() {
    return executor.writeThrough();
  }

  @Override
  public void start(long acceptedFeatures) {
    this.acceptedFeatures = acceptedFeatures;
    chooseDurability();
    if (disk.sectors() != sectorsTold) {
      tellSize();
    }
  }

  private void tellSize() {
    sectorsTold = disk.sectors();
    context.configurationChanged();
  }

  @Override
  public void startQueue(Virtqueue queue) {
    end(queues[queue.index()]);
    DirectLane direct =
        disk.isDirect() ? new DirectLane(queue, executor, workers, ringMaker) : null;
    queues[queue.index()] = new BlkQueue(queue, executor, workers, throttle, direct);
  }

  private static void end(BlkQueue former) {
    if (former != null) {
      former.close();
    }
  }

  @Override
  public void serve(Virtqueue queue) throws RingException {
    queues[queue.index()].serve();
  }

  @Override
  public boolean stopQueue(Virtqueue queue, Duration limit) {
    return queue.awaitIdle(limit);
  }

  /** The next driver finds the cache as the specification wants it. */
  @Override
  public void stop() {
    writeback = true;
  }

  @Override
  public DeviceState exportState() {
    ByteBuffer bytes = ByteBuffer.allocate(STATE_BYTES + BlkCounters.savedBytes());
    bytes.put((byte) (writeback ? 1 : 0)).putLong(sectorsTold);
    counters.save(bytes);
    return new DeviceState(BlkFactory.TYPE_NAME, STATE_VERSION, bytes.array());
  }

  @Override
  public void importState(DeviceState state) throws DeviceException {
    int counters = state.version() == 1 ? BlkCounters.firstSavedBytes() : BlkCounters.savedBytes();
    if (!state.type().equals(BlkFactory.TYPE_NAME)
        || state.version() < 1
        || state.version() > STATE_VERSION
        || state.bytes().length != STATE_BYTES + counters) {
      throw new DeviceException(
          "import-state",
          "blk 1.0.0 understands state versions up to %d, not %s".formatted(STATE_VERSION, state));
    }
    ByteBuffer bytes = ByteBuffer.wrap(state.bytes());
    writeback = bytes.get() != 0;
    sectorsTold = bytes.getLong();
    this.counters.load(bytes);
  }

  @Override
  public Map<String, String> controls() {
    return Map.of(
        "resize",
        "sizeBytes=SIZE (of a file; without it, take over the present size) shrink=true (to allow"
            + " a smaller one)");
  }

  @Override
  public String control(String command, DeviceConfig arguments) throws DeviceException {
    if (!command.equals("resize")) {
      return Device.super.control(command, arguments);
    }
    arguments.allowOnly("sizeBytes", "shrink");
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
    tellSize();
    return "%s now has %d bytes, before %d"
        .formatted(disk.path(), disk.sectors() << Blk.SECTOR_SHIFT, presentBytes);
  }

  @Override
  public List<Counter> counters() {
    return counters.list();
  }

  @Override
  public Optional<String> trouble() {
    return counters.lastErrno() == 0
        ? Optional.empty()
        : Optional.of(
            "guest '%s', device '%s': a request of type %d failed on %s with errno %d; the guest saw an I/O error"
                .formatted(
                    config.guest(),
                    config.device(),
                    counters.lastErrorType(),
                    disk.path(),
                    counters.lastErrno()));
  }

  @Override
  public void close() {
    for (BlkQueue queue : queues) {
      end(queue);
    }
    workers.close();
    disk.close();
    lease.close();
  }
}
