package org.lodge.device.rng.internal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.service.component.annotations.Component;

/**
 * Makes entropy devices.
 *
 * <p>Configuration: {@code source}, a file of random bytes ({@code /dev/urandom} where not given);
 * {@code bytesPerSecond}, a limit (none where not given).
 */
@Component(
    property = {
      DeviceFactory.TYPE + "=" + RngFactory.TYPE_NAME,
      DeviceFactory.VIRTIO_ID + ":Integer=4",
      DeviceFactory.VERSION + "=1.0.0"
    })
public final class RngFactory implements DeviceFactory {
  static final String TYPE_NAME = "rng";

  private record Settings(Path source, long bytesPerSecond) {}

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    read(config);
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    Settings settings = read(config);
    try {
      FileChannel source = FileChannel.open(settings.source, StandardOpenOption.READ);
      return new RngDevice(source, settings.bytesPerSecond);
    } catch (IOException e) {
      throw new DeviceException(
          "open", config.fault("source", "can't be read: " + e.getMessage()).getMessage(), e);
    }
  }

  private static Settings read(DeviceConfig config) throws DeviceException {
    config.allowOnly("source", "bytesPerSecond");
    Path source = Path.of(config.text("source").orElse("/dev/urandom"));
    if (!source.isAbsolute()) {
      throw config.fault("source", "must be an absolute path, not " + source);
    }
    return new Settings(source, config.sizeBytes("bytesPerSecond", 0, 1, Long.MAX_VALUE));
  }
}
