package org.lodge.device.blk.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.TestTransport;

/**
 * A read makes no garbage, from the ring to the file and back, once the compiler has removed what a
 * call through the foreign function API creates.
 */
class BlkAllocationTest {
  private static final int REQUESTS = 20_000;

  @TempDir Path folder;

  @Test
  void aReadAllocatesNothing() throws Exception {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Path file = Files.write(folder.resolve("disk"), new byte[1 << 20]);
    try (var driver =
        new BlkDriver().start(file, Map.of(), TestTransport.SPLIT | BlkDriver.FLUSH)) {
      driver.transport.driver(0).useIndirect(true);
      long perThousand = Long.MAX_VALUE;
      for (int round = 0; round < 40 && perThousand >= 1000; round++) {
        long before = threads.getCurrentThreadAllocatedBytes();
        run(driver);
        perThousand = (threads.getCurrentThreadAllocatedBytes() - before) / (REQUESTS / 1000);
      }
      assertTrue(perThousand < 1000, perThousand + " bytes in 1000 requests");
    }
  }

  private static void run(BlkDriver driver) throws Exception {
    DriverQueue queue = driver.transport.driver(0);
    driver.putHeader(Blk.T_IN, 8);
    long[] addresses = {driver.header, driver.data, driver.status};
    int[] lengths = {16, 4096, 1};
    for (int done = 0; done < REQUESTS; ) {
      queue.add(addresses, lengths, 1, 2);
      driver.transport.kick(0);
      while (queue.takeUsed()) {
        done++;
      }
    }
  }
}
