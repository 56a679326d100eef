package org.lodge.device.input.internal;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.service.component.annotations.Component;

/**
 * Makes keyboards, mice and tablets whose events come from {@code lodge device control}, and
 * devices whose events are those of one of the host's.
 *
 * <p>Configuration: {@code kind}, which is {@code keyboard}, {@code mouse}, {@code tablet} or
 * {@code host}; {@code serial}, the id where not given. Of the host's: {@code path} of the event
 * device, and {@code grab}, false where the host is to get its events too.
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
    if (isHost(config)) {
      config.allowOnly("kind", "serial", "path", "grab");
      config.requiredText("path", "/dev/input/event3");
      config.flag("grab", true);
      serial(config);
    } else {
      read(config);
    }
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    check(config);
    return isHost(config) ? ofHost(config) : new InputDevice(read(config));
  }

  private static boolean isHost(DeviceConfig config) throws DeviceException {
    return config.requiredText("kind", "keyboard").equals("host");
  }

  private static Device ofHost(DeviceConfig config) throws DeviceException {
    Evdev source = null;
    boolean made = false;
    try {
      source = Evdev.open(Path.of(config.requiredText("path", "/dev/input/event3")));
      Device device =
          new InputDevice(source.model(serial(config)), source, config.flag("grab", true));
      made = true;
      return device;
    } catch (LinuxException e) {
      throw new DeviceException(
          "open", config.fault("path", "can't be used: " + e.getMessage()).getMessage(), e);
    } finally {
      if (!made && source != null) {
        source.close();
      }
    }
  }

  private static String serial(DeviceConfig config) throws DeviceException {
    String serial = config.text("serial").orElse(config.device());
    if (serial.length() > InputModel.TEXT_BYTES
        || !StandardCharsets.US_ASCII.newEncoder().canEncode(serial)) {
      throw config.fault("serial", "must be at most 128 characters of plain ASCII");
    }
    return serial;
  }

  private static InputModel read(DeviceConfig config) throws DeviceException {
    config.allowOnly("kind", "serial");
    String serial = serial(config);
    return switch (config.requiredText("kind", "keyboard")) {
      case "keyboard" -> InputModel.keyboard(serial);
      case "mouse" -> InputModel.mouse(serial);
      case "tablet" -> InputModel.tablet(serial);
      default -> throw config.fault("kind", "must be keyboard, mouse, tablet or host");
    };
  }
}
