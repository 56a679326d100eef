package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lodge.virtio.ring.MemoryRegion;

class MemoryTest {
  private final MemorySegment bytes = Arena.ofAuto().allocate(8192, 4096);

  private void refused(MemoryRegion... regions) {
    assertThrows(IllegalArgumentException.class, () -> new Memory(List.of(regions), () -> {}));
  }

  @Test
  void regionsThatCantBeMemoryAreRefused() {
    refused(new MemoryRegion(0, bytes), new MemoryRegion(8191, bytes));
    refused(new MemoryRegion(0, bytes.asSlice(0, 0)));
    refused(new MemoryRegion(-4096, bytes));
    refused(new MemoryRegion(Long.MAX_VALUE - 8191, bytes));
    refused(new MemoryRegion(0, MemorySegment.ofArray(new byte[64])));
    try (Arena confined = Arena.ofConfined()) {
      refused(new MemoryRegion(0, confined.allocate(4096)));
    }
  }

  @Test
  void everyAddressIsFoundInItsRegionAndNoOther() {
    var memory =
        new Memory(
            List.of(
                new MemoryRegion(1L << 32, bytes),
                new MemoryRegion(4096, bytes),
                new MemoryRegion(12288, bytes)),
            () -> {});
    assertEquals(-1, memory.find(4095));
    assertEquals(0, memory.find(4096));
    assertEquals(0, memory.find(12287));
    assertEquals(1, memory.find(12288));
    assertEquals(-1, memory.find(20480));
    assertEquals(2, memory.find((1L << 32) + 8191));
    assertEquals(-1, memory.find((1L << 32) + 8192));
    assertEquals(-1, memory.find(-1));
    assertEquals(-1, memory.find(Long.MIN_VALUE));
  }
}
