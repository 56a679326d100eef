package org.lodge.device.input.internal;

import java.nio.charset.StandardCharsets;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.service.component.annotations.Component;

/**
 * Makes keyboards, mice and tablets whose events come from {@code lodge device control}.
 *
 * <p>Configuration: {@code kind}, which is {@code keyboard}, {@code mouse} or {@code tablet};
 * {@code serial}, the id where not given.
 */
@Component(
    property = {
      DeviceFactory.TYPE + "=" + InputFactory.TYPE_NAME,
      DeviceFactory.VIRTIO_ID + ":Integer=18",
      DeviceFactory.VERSION + "=1.0.0"
    })
public final class InputFactory implements DeviceFactory {
  static final String TYPE_NAME = "input";

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    read(config);
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    return new InputDevice(read(config));
  }

  private static InputModel read(DeviceConfig config) throws DeviceException {
    config.allowOnly("kind", "serial");
    String serial = config.text("serial").orElse(config.device());
    if (serial.length() > InputModel.TEXT_BYTES
        || !StandardCharsets.US_ASCII.newEncoder().canEncode(serial)) {
      throw config.fault("serial", "must be at most 128 characters of plain ASCII");
    }
    return switch (config.requiredText("kind", "keyboard")) {
      case "keyboard" -> InputModel.keyboard(serial);
      case "mouse" -> InputModel.mouse(serial);
      case "tablet" -> InputModel.tablet(serial);
      default -> throw config.fault("kind", "must be keyboard, mouse or tablet");
    };
  }
}
