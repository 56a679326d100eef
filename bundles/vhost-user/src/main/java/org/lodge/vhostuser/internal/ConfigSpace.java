package org.lodge.vhostuser.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Supplier;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceException;

/**
 * The configuration space of whatever device serves; what the last one had, while there is none.
 * Belongs to the control thread.
 */
final class ConfigSpace {
  private final Supplier<Device> device;
  private byte[] remembered = new byte[0];

  ConfigSpace(Supplier<Device> device) {
    this.device = device;
  }

  int sizeBytes() {
    Device current = device.get();
    return current == null ? remembered.length : current.configSizeBytes();
  }

  /** As many bytes as asked for: what the device does not have is zero. */
  byte[] read(int offset, int length) {
    Device current = device.get();
    byte[] whole = current == null ? remembered : all(current);
    byte[] part = new byte[length];
    if (offset < whole.length) {
      System.arraycopy(whole, offset, part, 0, Math.min(length, whole.length - offset));
    }
    return part;
  }

  private static byte[] all(Device device) {
    byte[] whole = new byte[device.configSizeBytes()];
    if (whole.length > 0) {
      device.readConfig(0, ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN));
    }
    return whole;
  }

  void write(int untrustedOffset, byte[] untrustedBytes) throws DeviceException {
    Device current = device.get();
    if (current == null) {
      throw new DeviceException("config-write", "no device logic is there at present");
    }
    if (untrustedOffset < 0
        || untrustedOffset > current.configSizeBytes() - untrustedBytes.length) {
      throw new DeviceException("config-write", "it is outside the configuration space");
    }
    current.writeConfig(
        untrustedOffset, ByteBuffer.wrap(untrustedBytes).order(ByteOrder.LITTLE_ENDIAN));
  }

  /** The device is about to go. */
  void remember() {
    remembered = all(device.get());
  }
}
