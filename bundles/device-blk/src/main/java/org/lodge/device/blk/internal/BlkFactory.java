package org.lodge.device.blk.internal;

import java.nio.file.Path;
import java.util.Optional;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes disks of files and block devices; {@link BlkSettings} says what can be configured. */
@Component(
    property = {
      DeviceFactory.TYPE + "=" + BlkFactory.TYPE_NAME,
      DeviceFactory.VIRTIO_ID + ":Integer=2",
      DeviceFactory.VERSION + "=1.0.0"
    })
public final class BlkFactory implements DeviceFactory {
  static final String TYPE_NAME = "blk";

  private final Path disks;

  @Activate
  public BlkFactory(BundleContext context) {
    this(Path.of(Optional.ofNullable(context.getProperty("lodge.state")).orElse(".")));
  }

  BlkFactory(Path state) {
    disks = state.resolve("disks").toAbsolutePath();
  }

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    BlkSettings.read(config, disks);
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    BlkSettings settings = BlkSettings.read(config, disks);
    return new BlkDevice(settings, Disk.open(settings, config), config, context);
  }
}
