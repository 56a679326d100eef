package org.lodge.device.vsock.internal;

import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.lodge.vsock.link.VsockHost;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Makes virtio socket devices. */
@Component(
    property = {
      DeviceFactory.TYPE + "=" + SavedConnections.TYPE,
      DeviceFactory.VIRTIO_ID + ":Integer=19",
      DeviceFactory.VERSION + "=1.0.0"
    })
public final class VsockDeviceFactory implements DeviceFactory {
  private final VsockHost vsockHost;

  @Activate
  public VsockDeviceFactory(@Reference VsockHost vsockHost) {
    this.vsockHost = vsockHost;
  }

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    VsockSettings.of(config);
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    return new VsockDevice(VsockSettings.of(config), vsockHost);
  }
}
