package org.lodge.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceConfigTest {
  private static DeviceConfig of(Object value) {
    return new DeviceConfig("work", "disk", Map.of("size", value));
  }

  @ParameterizedTest
  @CsvSource({
    "512,512",
    "4K,4096",
    "4KiB,4096",
    "1 MiB,1048576",
    "2G,2147483648",
    "1T,1099511627776"
  })
  void sizesAreReadAsPeopleWriteThem(String text, long expected) throws Exception {
    assertEquals(expected, of(text).sizeBytes("size", 0, 1, Long.MAX_VALUE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "K", "-1", "1.5G", "0x10", "99999999999999T", "1KK", "10 apples"})
  void whatIsNoSizeIsRefusedByName(String text) {
    String message =
        assertThrows(DeviceException.class, () -> of(text).sizeBytes("size", 0, 1, Long.MAX_VALUE))
            .getMessage();
    assertTrue(message.startsWith("guest 'work', device 'disk': size "), message);
  }

  @Test
  void numbersMayComeFromJsonOrFromACommandLine() throws Exception {
    assertEquals(7, of(7).number("size", 0, 0, 10));
    assertEquals(7, of(7L).number("size", 0, 0, 10));
    assertEquals(7, of(7.0).number("size", 0, 0, 10));
    assertEquals(7, of("7").number("size", 0, 0, 10));
    assertEquals(3, of("7").number("other", 3, 0, 10));
    for (Object bad : new Object[] {7.5, "seven", true, 11, 1e300}) {
      assertThrows(DeviceException.class, () -> of(bad).number("size", 0, 0, 10), "" + bad);
    }
  }

  @Test
  void flagsMayBeWordsAndNothingElse() throws Exception {
    assertEquals(true, of(true).flag("size", false));
    assertEquals(false, of("false").flag("size", true));
    assertEquals(true, of("false").flag("other", true));
    assertThrows(DeviceException.class, () -> of("yes").flag("size", true));
    assertThrows(DeviceException.class, () -> of(1).flag("size", true));
  }
}
