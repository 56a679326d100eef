package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What can be told without a device of the host's: a pipe stands for one that is read. */
class EventDeviceTest {

  private static byte[] events(int... typeCodeValue) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * typeCodeValue.length).order(ByteOrder.nativeOrder());
    for (int i = 0; i < typeCodeValue.length; i += 3) {
      bytes.putLong(1_700_000_000L).putLong(123_456L);
      bytes.putShort((short) typeCodeValue[i]).putShort((short) typeCodeValue[i + 1]);
      bytes.putInt(typeCodeValue[i + 2]);
    }
    return bytes.array();
  }

  @Test
  void eventsAreReadAsTheKernelWritesThem() throws Exception {
    try (Pipe pipe = Pipe.create();
        EventFd stop = EventFd.create();
        EventDevice device = new EventDevice(pipe.source())) {
      pipe.sink().writeAll(events(1, 30, 1, 2, 0, -5, 0, 0, 0), 1000);
      assertTrue(device.await(stop));
      long[] into = new long[8];
      assertEquals(3, device.read(into));
      assertArrayEquals(
          new long[] {1 | 30L << 16 | 1L << 32, 2 | -5L << 32, 0}, Arrays.copyOf(into, 3));
      stop.signal();
      assertFalse(device.await(stop));
    }
  }

  @Test
  void whatIsNoEventDeviceIsRefused() {
    LinuxException refused =
        assertThrows(LinuxException.class, () -> EventDevice.open(Path.of("/dev/null")));
    assertEquals(LinuxException.EINVAL, refused.errno());
    assertTrue(refused.getMessage().contains("/dev/null"));
    assertThrows(LinuxException.class, () -> EventDevice.open(Path.of("/dev/input/nothing")));
  }
}
