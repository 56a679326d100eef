package org.lodge.device.fs.internal;

import org.lodge.filesystem.FileSystemException;
import org.lodge.filesystem.FileSystems;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Makes file system devices; {@link FsSettings} says what can be configured. */
@Component(
    property = {
      DeviceFactory.TYPE + "=" + FsFactory.TYPE_NAME,
      DeviceFactory.VIRTIO_ID + ":Integer=26",
      DeviceFactory.VERSION + "=1.0.0"
    })
public final class FsFactory implements DeviceFactory {
  static final String TYPE_NAME = "fs";

  private final FileSystems fileSystems;

  @Activate
  public FsFactory(@Reference FileSystems fileSystems) {
    this.fileSystems = fileSystems;
  }

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    FsSettings.read(config);
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    FsSettings settings = FsSettings.read(config);
    return new FsDevice(settings, open(config, settings), config);
  }

  private FileSystems.Lease open(DeviceConfig config, FsSettings settings) throws DeviceException {
    String key = settings.share().isPresent() ? "share" : "path";
    try {
      return settings.share().isPresent()
          ? fileSystems.open(config.guest(), config.device(), settings.share().get())
          : fileSystems.open(
              config.guest(), config.device(), settings.directory().get(), settings.rules());
    } catch (FileSystemException e) {
      throw new DeviceException("open", config.fault(key, e.getMessage()).getMessage(), e);
    }
  }
}
