package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitsTest {
  @Test
  void arePolicyOptionsWithDefaults() throws Exception {
    assertEquals(Limits.DEFAULT, Limits.of(Map.of("target", "display")));
    assertEquals(
        new Limits(3, 70, 9, 4096, 256L << 20, 16, 5000, 8 << 20),
        Limits.of(
            Map.of(
                "connections", "3",
                "objects", "70",
                "windows", "9",
                "buffer-side", "4K",
                "pixels", "256M",
                "rectangles", "16",
                "transfer", "5000",
                "heap", "8M")));
  }

  @ParameterizedTest
  @CsvSource({
    "connections,0,1 to 4096",
    "windows,many,1 to 10000",
    "windows,-1,1 to 10000",
    "pixels,9999999999999G,1048576 to 1099511627776",
    "pixels,1T,1048576 to 1099511627776",
    "buffer-side,64K,64 to 32767"
  })
  void areRefusedWithTheirRange(String name, String value, String range) {
    IOException refused = assertThrows(IOException.class, () -> Limits.of(Map.of(name, value)));
    assertEquals("option " + name + "=" + value + " is not " + range, refused.getMessage());
  }

  @Test
  void changeForTheGuestsNextConnections() throws Exception {
    GuestSettings settings = GuestSettings.of("work", Map.of());
    Guest guest = new Guest("work", settings, Limits.of(Map.of("connections", "1")));
    assertTrue(guest.takeConnection());
    assertEquals(false, guest.takeConnection());
    assertTrue(guest.with(settings, Limits.DEFAULT).takeConnection());
  }
}
