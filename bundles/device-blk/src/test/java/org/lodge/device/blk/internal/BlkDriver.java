package org.lodge.device.blk.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.lodge.linux.FileLeases;
import org.lodge.linux.internal.LeasesComponent;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;

/** A guest's disk driver, one request at a time, for tests. */
final class BlkDriver implements AutoCloseable {
  /** One for the process, as in life: a device's successor is its owner too. */
  static final FileLeases LEASES = new LeasesComponent();

  static final long FLUSH = 1L << 9;
  static final Duration LIMIT = Duration.ofSeconds(20);

  final GuestArena guest = new GuestArena(0x8000_0000L, 8 << 20, 8 << 20);
  final TestTransport transport = new TestTransport(guest);
  final long header = guest.allocate(4096, 16);
  final long data = guest.allocate(4 << 20, 4096);
  final long status = guest.allocate(16, 16);
  Device device;

  static DeviceConfig config(Path path, Map<String, Object> more) {
    Map<String, Object> values = new HashMap<>(more);
    values.put("path", path.toString());
    return new DeviceConfig("work", "disk", values);
  }

  Device create(Path path, Map<String, Object> more) throws DeviceException {
    return new BlkFactory(LEASES, Path.of("/nowhere")).create(config(path, more), transport);
  }

  BlkDriver start(Path path, Map<String, Object> more) throws Exception {
    return start(path, more, TestTransport.SPLIT | FLUSH);
  }

  BlkDriver start(Path path, Map<String, Object> more, long features) throws Exception {
    device = create(path, more);
    transport.start(device, features, 64);
    return this;
  }

  void putHeader(int type, long sector) {
    guest.put(
        header,
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(type)
            .putInt(0)
            .putLong(sector)
            .array());
  }

  int read(long sector, int length) throws Exception {
    putHeader(Blk.T_IN, sector);
    return request(new long[] {header, data, status}, new int[] {16, length, 1}, 1, 2);
  }

  int write(long sector, byte[] bytes) throws Exception {
    putHeader(Blk.T_OUT, sector);
    guest.put(data, bytes);
    return request(new long[] {header, data, status}, new int[] {16, bytes.length, 1}, 2, 1);
  }

  int write(long sector, String text, int length) throws Exception {
    return write(sector, java.util.Arrays.copyOf(text.getBytes(StandardCharsets.UTF_8), length));
  }

  int plain(int type) throws Exception {
    putHeader(type, 0);
    return request(new long[] {header, status}, new int[] {16, 1}, 1, 1);
  }

  /** Discard or write zeroes of one range. */
  int range(int type, long sector, int sectors, int flags) throws Exception {
    putHeader(type, 0);
    guest.put(
        data,
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(sector)
            .putInt(sectors)
            .putInt(flags)
            .array());
    return request(new long[] {header, data, status}, new int[] {16, 16, 1}, 2, 1);
  }

  /** Sends a request, waits, and gives the status byte at {@link #status}. */
  int request(long[] addresses, int[] lengths, int readable, int writable) throws Exception {
    guest.put(status, new byte[] {(byte) 0xee});
    DriverQueue driver = transport.driver(0);
    driver.add(addresses, lengths, readable, writable);
    transport.kick(0);
    if (!transport.await(0, LIMIT)) {
      throw new AssertionError("no answer");
    }
    return guest.get(status, 1)[0] & 0xff;
  }

  byte[] got(int length) {
    return guest.get(data, length);
  }

  long counter(String name) {
    return device.counters().stream()
        .filter(counter -> counter.name().equals(name))
        .findFirst()
        .orElseThrow()
        .value();
  }

  ByteBuffer configSpace() {
    ByteBuffer space = ByteBuffer.allocate(device.configSizeBytes());
    device.readConfig(0, space);
    return space.flip().order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() {
    transport.close();
    guest.close();
  }
}
