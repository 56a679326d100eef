package org.lodge.device.rng.internal;

import java.util.Map;
import java.util.stream.IntStream;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.fixture.EchoDevice;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.RingBench;
import org.lodge.virtio.fixture.TestTransport;

/**
 * {@code RngBench}: requests in a second of the bare ring (64-byte echo) and of 64 random bytes.
 */
public final class RngBench {
  private RngBench() {}

  public static void main(String[] arguments) throws Exception {
    for (long features : new long[] {TestTransport.SPLIT, TestTransport.PACKED}) {
      for (int depth : new int[] {1, 32}) {
        measure(features, depth, true);
        measure(features, depth, false);
      }
    }
  }

  private static void measure(long features, int depth, boolean echo) throws Exception {
    try (var guest = new GuestArena(4 << 20);
        var transport = new TestTransport(guest)) {
      long buffer = guest.allocate(1 << 16, 4096);
      var bench = new RingBench(guest, features);
      var shape =
          echo
              ? new RingBench.Shape(new long[] {buffer, buffer + 4096}, new int[] {64, 64}, 1, 1)
              : new RingBench.Shape(new long[] {buffer}, new int[] {64}, 0, 1);
      var shapes = IntStream.range(0, depth).mapToObj(i -> shape).toArray(RingBench.Shape[]::new);
      var device =
          echo
              ? new EchoDevice()
              : new RngFactory().create(new DeviceConfig("b", "rng", Map.of()), transport);
      double rate = bench.run(transport, device, shapes, i -> {});
      System.out.printf(
          "%-6s %-4s depth %2d: %,11.0f requests/s%n",
          bench.kind(), echo ? "echo" : "rng", depth, rate);
    }
  }
}
