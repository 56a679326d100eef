package org.lodge.vhostuser.internal;

import java.util.function.Supplier;
import org.lodge.virtio.DeviceException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration space of whatever device serves; what the last one had, while there is none.
 * Belongs to the control thread.
 */
final class ConfigSpace {
  private static final Logger log = LoggerFactory.getLogger(ConfigSpace.class);

  private final Supplier<Hosted> device;
  private byte[] remembered = new byte[0];

  ConfigSpace(Supplier<Hosted> device) {
    this.device = device;
  }

  int sizeBytes() {
    Hosted current = device.get();
    return current == null ? remembered.length : current.configSizeBytes;
  }

  /** As many bytes as asked for: what the device does not have is zero. */
  byte[] read(int offset, int length) throws DeviceException {
    Hosted current = device.get();
    byte[] whole = current == null ? remembered : current.config();
    byte[] part = new byte[length];
    if (offset < whole.length) {
      System.arraycopy(whole, offset, part, 0, Math.min(length, whole.length - offset));
    }
    return part;
  }

  void write(int untrustedOffset, byte[] untrustedBytes) throws DeviceException {
    Hosted current = device.get();
    if (current == null) {
      throw new DeviceException("config-write", "no device logic is there at present");
    }
    if (untrustedOffset < 0 || untrustedOffset > current.configSizeBytes - untrustedBytes.length) {
      throw new DeviceException("config-write", "it is outside the configuration space");
    }
    current.writeConfig(untrustedOffset, untrustedBytes);
  }

  /** The device is about to go. */
  void remember() {
    Hosted leaving = device.get();
    try {
      remembered = leaving.config();
    } catch (DeviceException | RuntimeException | Error e) {
      log.error("The configuration space is lost", e);
      remembered = new byte[leaving.configSizeBytes];
    }
  }
}
