package org.lodge.device.lane.internal;

import org.lodge.lane.Lanes;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Makes the lanes of guests. There is nothing to configure. */
@Component(
    property = {
      DeviceFactory.TYPE + "=" + LaneDevice.TYPE_NAME,
      DeviceFactory.VIRTIO_ID + ":Integer=2",
      DeviceFactory.VERSION + "=1.0.0"
    })
public final class LaneDeviceFactory implements DeviceFactory {
  private final Lanes lanes;

  @Activate
  public LaneDeviceFactory(@Reference Lanes lanes) {
    this.lanes = lanes;
  }

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    config.allowOnly();
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    check(config);
    return new LaneDevice(lanes.end(config.guest()));
  }
}
