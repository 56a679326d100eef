package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lodge.virtio.Device;
import org.lodge.virtio.RingException;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.EchoDevice;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;
import org.lodge.virtio.ring.Ring;

/** The hot path makes no garbage. */
class RingAllocationTest {
  private static final int REQUESTS = 20_000;

  @ParameterizedTest
  @MethodSource("org.lodge.virtio.internal.RingTest#kinds")
  void aRequestAllocatesNothing(long features) throws Exception {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (var guest = new GuestArena(1 << 20);
        var transport = new TestTransport(guest).start(new EchoDevice(), features, 64)) {
      DriverQueue driver = transport.driver(0);
      driver.useIndirect(true);
      long buffer = guest.allocate(64 * 1024, 4096);
      long[] addresses = {buffer, buffer + 8192, buffer + 16384};
      int[] lengths = {64, 512, 64};
      Ring ring = transport.ring(0);
      Device device = new EchoDevice();
      run(driver, ring, device, addresses, lengths);
      long before = threads.getCurrentThreadAllocatedBytes();
      run(driver, ring, device, addresses, lengths);
      long perThousand = (threads.getCurrentThreadAllocatedBytes() - before) / (REQUESTS / 1000);
      assertTrue(perThousand < 100, perThousand + " bytes in 1000 requests");
    }
  }

  private static void run(
      DriverQueue driver, Ring ring, Device device, long[] addresses, int[] lengths)
      throws RingException {
    for (int i = 0; i < REQUESTS; ) {
      while (driver.add(addresses, lengths, 2, 1) >= 0) {
        i++;
      }
      ring.serve(device);
      while (driver.takeUsed()) {
        continue;
      }
    }
  }
}
