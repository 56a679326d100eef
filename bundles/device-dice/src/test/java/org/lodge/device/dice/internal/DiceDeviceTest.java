package org.lodge.device.dice.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.RingException;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;

class DiceDeviceTest {
  private final GuestArena guest = new GuestArena(1 << 20);
  private final TestTransport transport = new TestTransport(guest);
  private final long buffer = guest.allocate(4096, 16);

  @AfterEach
  void close() {
    transport.close();
    guest.close();
  }

  private Device dice(Map<String, Object> values) throws DeviceException {
    return new DiceFactory().create(new DeviceConfig("work", "dice", values), transport);
  }

  private byte[] throwDice(int count) throws RingException {
    transport.driver(0).add(new long[] {buffer}, new int[] {count}, 0, 1);
    transport.kick(0);
    assertTrue(transport.driver(0).takeUsed());
    return guest.get(buffer, transport.driver(0).usedLength());
  }

  @Test
  void everyThrowShowsASideOfTheDice() throws Exception {
    transport.start(dice(Map.of("sides", 3)), TestTransport.SPLIT, 8);
    byte[] got = throwDice(200);
    assertEquals(200, got.length);
    for (byte side : got) {
      assertTrue(side >= 1 && side <= 3, "threw " + side);
    }
  }

  @Test
  void aReplacementGoesOnCounting() throws Exception {
    transport.start(dice(Map.of()), TestTransport.PACKED, 8);
    throwDice(5);
    Device next = dice(Map.of());
    transport.swap(next, Duration.ofSeconds(1));
    throwDice(2);
    assertEquals(7, next.counters().getFirst().value());
  }

  @Test
  void theSidesChangeWhileTheGuestPlays() throws Exception {
    Device dice = dice(Map.of());
    transport.start(dice, TestTransport.SPLIT, 8);
    dice.control("sides", new DeviceConfig("work", "dice", Map.of("count", "2")));
    for (byte side : throwDice(100)) {
      assertTrue(side <= 2);
    }
  }

  @Test
  void configurationErrorsNameTheKey() {
    String message =
        assertThrows(DeviceException.class, () -> dice(Map.of("sides", 1))).getMessage();
    assertEquals("guest 'work', device 'dice': sides must be from 2 to 255, not 1", message);
  }
}
