package org.lodge.device.fs.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.lodge.filesystem.FileSystems;
import org.lodge.virtio.Counter;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;

/**
 * A file system (virtio 1.2 section 5.11). This class is the device's life and its configuration
 * space; {@link FsQueue} takes requests, {@link Server} decodes FUSE and asks the file system,
 * which outlives this device: the nodes and handles that the guest knows are the file system's.
 */
final class FsDevice implements Device {
  private static final int STATE_VERSION = 1;
  private static final int STATE_BYTES = Long.BYTES + FsCounters.savedBytes();

  private final FsSettings settings;
  private final FileSystems.Lease lease;
  private final Negotiation negotiation;
  private final FsCounters counters = new FsCounters();
  private final Server server;
  private final Workers workers;
  private final FsQueue[] queues;

  FsDevice(FsSettings settings, FileSystems.Lease lease, DeviceConfig config) {
    this.settings = settings;
    this.lease = lease;
    negotiation = new Negotiation(settings);
    server = new Server(lease.fileSystem(), settings, negotiation, counters, this::holds);
    workers =
        new Workers(
            "fs-%s-%s".formatted(config.guest(), config.device()), settings.workers(), server);
    queues = new FsQueue[queueCount()];
  }

  private boolean holds(long untrustedUnique) {
    for (FsQueue each : queues) {
      if (each != null && each.holds(untrustedUnique)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public int queueCount() {
    return 1 + settings.queues();
  }

  @Override
  public int queueSizeMax(int index) {
    return 1024;
  }

  @Override
  public int configSizeBytes() {
    return Fuse.CONFIG_BYTES;
  }

  @Override
  public void readConfig(int offset, ByteBuffer into) {
    ByteBuffer space = ByteBuffer.allocate(Fuse.CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    space.put(settings.tag().getBytes(StandardCharsets.UTF_8));
    space.putInt(Fuse.TAG_BYTES, settings.queues());
    into.put(space.clear().slice(offset, into.remaining()));
  }

  @Override
  public void start(long acceptedFeatures) {}

  @Override
  public void startQueue(Virtqueue queue) {
    queues[queue.index()] =
        new FsQueue(queue, server, workers, lease.fileSystem().waits(), counters);
  }

  @Override
  public void serve(Virtqueue queue) throws RingException {
    queues[queue.index()].serve();
  }

  @Override
  public boolean stopQueue(Virtqueue queue, Duration limit) {
    return queues[queue.index()].stop(limit);
  }

  @Override
  public DeviceState exportState() {
    ByteBuffer bytes = ByteBuffer.allocate(STATE_BYTES).putLong(negotiation.flags());
    counters.save(bytes);
    return new DeviceState(FsFactory.TYPE_NAME, STATE_VERSION, bytes.array());
  }

  @Override
  public void importState(DeviceState state) throws DeviceException {
    if (!state.type().equals(FsFactory.TYPE_NAME)
        || state.version() != STATE_VERSION
        || state.bytes().length != STATE_BYTES) {
      throw new DeviceException(
          "import-state",
          "fs 1.0.0 understands state version %d, not %s".formatted(STATE_VERSION, state));
    }
    ByteBuffer bytes = ByteBuffer.wrap(state.bytes());
    negotiation.resume(bytes.getLong());
    counters.load(bytes);
  }

  @Override
  public List<Counter> counters() {
    List<Counter> all = new ArrayList<>(counters.list());
    lease
        .fileSystem()
        .counts()
        .forEach(each -> all.add(new Counter(each.name(), each.unit(), each.value())));
    return all;
  }

  @Override
  public void close() {
    workers.close();
    lease.close();
  }
}
