package org.lodge.device.blk.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.virtio.Counter;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;

/**
 * A disk (virtio 1.2 section 5.2). This class is the device's life and its configuration space; its
 * {@link Medium} takes requests and has them done.
 *
 * <p>A driver that accepted FLUSH gets a write-back cache unless it switches that off in the
 * configuration space; one that did not gets a durable write each time (section 5.2.6.2).
 */
final class BlkDevice implements Device {
  private static final int STATE_VERSION = 2;
  private static final int STATE_BYTES = 1 + Long.BYTES;

  private final BlkSettings settings;
  private final Medium medium;
  private final DeviceContext context;
  private final DeviceConfig config;
  private final BlkCounters counters;
  private final Medium.QueueServer[] queues;
  private long acceptedFeatures;
  private volatile boolean writeback = true;
  private volatile long sectorsTold;

  /** Takes over the medium, which counts here too; it is this device's to close. */
  BlkDevice(
      BlkSettings settings,
      Medium medium,
      BlkCounters counters,
      DeviceConfig config,
      DeviceContext context) {
    this.settings = settings;
    this.medium = medium;
    this.counters = counters;
    this.config = config;
    this.context = context;
    queues = new Medium.QueueServer[settings.queues()];
    sectorsTold = medium.sectors();
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
        | (letsGo() && medium.discards() ? Blk.F_DISCARD : 0)
        | (letsGo() && medium.zeroes() ? Blk.F_WRITE_ZEROES : 0);
  }

  private boolean letsGo() {
    return settings.discard() && !settings.readOnly();
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
    int blocks = medium.blockBytes() / medium.leastBlockBytes();
    int blockExponent = Integer.numberOfTrailingZeros(blocks);
    int blockSectors = medium.blockBytes() / Blk.SECTOR_BYTES;
    ByteBuffer space = ByteBuffer.allocate(Blk.CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    space.putLong(medium.sectors()).putInt(settings.sizeMaxBytes()).putInt(settings.segMax());
    space.putInt(0).putInt(medium.leastBlockBytes());
    space.put((byte) blockExponent).put((byte) 0).putShort((short) blocks).putInt(0);
    space.put((byte) (writeback ? 1 : 0)).put((byte) 0).putShort((short) settings.queues());
    space.putInt(settings.discardMaxSectors()).putInt(Blk.RANGES_MAX).putInt(blockSectors);
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
    medium.writeThrough(settings.writeThrough() || !flushes || !writeback);
  }

  /** Whether each write is durable before it is answered. */
  boolean writesThrough() {
    return medium.writeThrough();
  }

  @Override
  public void start(long acceptedFeatures) {
    this.acceptedFeatures = acceptedFeatures;
    chooseDurability();
    sizeChanged();
  }

  /** From any thread: the medium has changed its size. */
  void sizeChanged() {
    if (medium.sectors() != sectorsTold) {
      tellSize();
    }
  }

  private void tellSize() {
    sectorsTold = medium.sectors();
    context.configurationChanged();
  }

  @Override
  public void startQueue(Virtqueue queue) {
    end(queues[queue.index()]);
    queues[queue.index()] = medium.serverOf(queue);
  }

  private static void end(Medium.QueueServer former) {
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
    return medium.stopQueue(queue, limit);
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
    long presentBytes = medium.sectors() << Blk.SECTOR_SHIFT;
    medium.resize(arguments);
    tellSize();
    return "%s now has %d bytes, before %d"
        .formatted(medium.name(), medium.sectors() << Blk.SECTOR_SHIFT, presentBytes);
  }

  @Override
  public List<Counter> counters() {
    List<Counter> all = new ArrayList<>(counters.list());
    all.addAll(medium.counters());
    return all;
  }

  @Override
  public Optional<String> trouble() {
    Optional<String> present = medium.trouble();
    if (present.isPresent()) {
      return present;
    }
    if (counters.lastErrno() == 0) {
      return medium.remark();
    }
    return Optional.of(
        "guest '%s', device '%s': a request of type %d failed on %s with errno %d; the guest saw an I/O error"
            .formatted(
                config.guest(),
                config.device(),
                counters.lastErrorType(),
                medium.name(),
                counters.lastErrno()));
  }

  @Override
  public void close() {
    for (Medium.QueueServer queue : queues) {
      end(queue);
    }
    medium.close();
  }
}
