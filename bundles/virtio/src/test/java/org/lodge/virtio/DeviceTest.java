package org.lodge.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.lodge.virtio.fixture.EchoDevice;

class DeviceTest {
  private static String refusal(Map<String, String> controls) {
    Device device =
        new EchoDevice() {
          @Override
          public Map<String, String> controls() {
            return controls;
          }
        };
    DeviceConfig none = new DeviceConfig("work", "echo", Map.of());
    return assertThrows(DeviceException.class, () -> device.control("fly", none)).getMessage();
  }

  @Test
  void aCommandThatIsNotKnownIsAnsweredWithThoseThatAreAndWhatTheyTake() {
    assertEquals("there is nothing that such a device can be told", refusal(Map.of()));
    assertEquals(
        "it does not know 'fly'; it knows sides count=NUMBER (2 to 255); throw",
        refusal(new TreeMap<>(Map.of("throw", "", "sides", "count=NUMBER (2 to 255)"))));
  }
}
