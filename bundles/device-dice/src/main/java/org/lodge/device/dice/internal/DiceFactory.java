package org.lodge.device.dice.internal;

import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.service.component.annotations.Component;

/** Makes dice. Configuration: {@code sides}, 2 to 255, 6 where not given. */
@Component(
    property = {
      DeviceFactory.TYPE + "=dice",
      DeviceFactory.VIRTIO_ID + ":Integer=4",
      DeviceFactory.VERSION + "=1.0.0"
    })
public final class DiceFactory implements DeviceFactory {

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    sides(config);
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    return new DiceDevice(sides(config));
  }

  private static int sides(DeviceConfig config) throws DeviceException {
    config.allowOnly("sides");
    return (int) config.number("sides", 6, 2, 255);
  }
}
