package org.lodge.vhostuser.internal;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.lodge.linux.ServiceManager;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendException;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.vhostuser.ProtocolFeature;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.fixture.EchoDevice;
import org.lodge.virtio.internal.RingsComponent;

/** A transport with an echoing device, for tests. */
final class Bench implements AutoCloseable {
  private static final Duration DRAIN_LIMIT = Duration.ofSeconds(3);

  final BackendsComponent backends;
  final Path socket;

  Bench(Path directory) {
    this(directory, ServiceManager.of(Map.of()));
  }

  Bench(Path directory, Patience patience) {
    this(directory, ServiceManager.of(Map.of()), patience, DRAIN_LIMIT);
  }

  Bench(Path directory, Patience patience, Duration drainLimit) {
    this(directory, ServiceManager.of(Map.of()), patience, drainLimit);
  }

  Bench(Path directory, ServiceManager manager) {
    this(directory, manager, Patience.BY_THE_CLOCK, DRAIN_LIMIT);
  }

  private Bench(Path directory, ServiceManager manager, Patience patience, Duration drainLimit) {
    backends = new BackendsComponent(new RingsComponent(), manager, patience, drainLimit);
    socket = directory.resolve("device");
  }

  /** Deploys a factory of echoing devices. */
  EchoFactory deploy(String version) {
    EchoFactory factory = new EchoFactory();
    deploy(factory, version);
    return factory;
  }

  void deploy(DeviceFactory factory, String version) {
    backends
        .add(
            factory,
            Map.of(
                DeviceFactory.TYPE,
                "echo",
                DeviceFactory.VIRTIO_ID,
                42,
                DeviceFactory.VERSION,
                version))
        .join();
  }

  Backend open() throws BackendException {
    return backends.open(
        new BackendSpec("work", "echo0", "echo", Map.of(), socket, Set.<ProtocolFeature>of()));
  }

  MockFrontEnd connect() throws Exception {
    return new MockFrontEnd(socket);
  }

  @Override
  public void close() {
    backends.backends().forEach(Backend::close);
  }

  /** Makes devices that echo, with 8 bytes of configuration and two queues. */
  static class EchoFactory implements DeviceFactory {
    long features = 1L << 5;
    int stateVersion = 1;
    volatile DeviceContext context;
    volatile Echo last;

    @Override
    public void check(DeviceConfig config) throws DeviceException {
      config.allowOnly();
    }

    @Override
    public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
      this.context = context;
      last = new Echo(features, stateVersion);
      return last;
    }
  }

  static class Echo extends EchoDevice {
    private final long features;
    private final int stateVersion;
    volatile boolean started;
    volatile int starts;
    volatile boolean closed;
    volatile byte[] config = {1, 2, 3, 4, 5, 6, 7, 8};
    volatile int imported;

    Echo(long features, int stateVersion) {
      this.features = features;
      this.stateVersion = stateVersion;
    }

    @Override
    public long features() {
      return features;
    }

    @Override
    public int queueCount() {
      return 2;
    }

    @Override
    public int configSizeBytes() {
      return config.length;
    }

    @Override
    public void readConfig(int offset, ByteBuffer into) {
      into.put(config, offset, into.remaining());
    }

    @Override
    public void writeConfig(int offset, ByteBuffer untrustedBytes) throws DeviceException {
      if (offset < 4) {
        throw new DeviceException("config-write", "the first half is read-only");
      }
      untrustedBytes.get(config, offset, untrustedBytes.remaining());
    }

    @Override
    public void start(long acceptedFeatures) {
      started = true;
      starts++;
    }

    @Override
    public void stop() {
      started = false;
    }

    @Override
    public DeviceState exportState() {
      return new DeviceState("echo", stateVersion, new byte[] {(byte) (imported + 1)});
    }

    @Override
    public void importState(DeviceState state) throws DeviceException {
      if (state.version() > stateVersion) {
        throw new DeviceException(
            "import-state", "it understands state version %d".formatted(stateVersion));
      }
      imported = state.bytes()[0];
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
