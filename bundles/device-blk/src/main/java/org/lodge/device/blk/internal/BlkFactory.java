package org.lodge.device.blk.internal;

import java.nio.file.Path;
import java.util.Optional;
import org.lodge.linux.FileLeases;
import org.lodge.linux.FileLeases.Lease;
import org.lodge.linux.IoUring;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

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

  private final FileLeases leases;

  @Activate
  public BlkFactory(@Reference FileLeases leases, BundleContext context) {
    this(leases, Path.of(Optional.ofNullable(context.getProperty("lodge.state")).orElse(".")));
  }

  BlkFactory(FileLeases leases, Path state) {
    this.leases = leases;
    disks = state.resolve("disks").toAbsolutePath();
  }

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    BlkSettings.read(config, disks);
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    BlkSettings settings = BlkSettings.read(config, disks);
    Lease lease = take(settings.path(), !settings.readOnly(), config);
    boolean made = false;
    try {
      Disk disk = Disk.open(settings, config);
      Device device = new BlkDevice(settings, disk, lease, config, context, IoUring::create);
      made = true;
      return device;
    } finally {
      if (!made) {
        lease.close();
      }
    }
  }

  private Lease take(Path path, boolean writing, DeviceConfig config) throws DeviceException {
    String owner = "guest '%s', device '%s'".formatted(config.guest(), config.device());
    try {
      return leases.take(path, writing, owner);
    } catch (LinuxException e) {
      throw new DeviceException(
          "open", config.fault("path", "can't be used: " + e.getMessage()).getMessage(), e);
    }
  }
}
