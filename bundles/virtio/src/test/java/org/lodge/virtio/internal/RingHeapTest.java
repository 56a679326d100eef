package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;

/** What a guest's requests leave in our heap. */
class RingHeapTest {
  private static final int PIECES = 256;
  private static final int REGIONS = 4;
  private static final int REGION_BYTES = 1 << 20;
  private static final long BASE = 0x4000_0000L;

  @Test
  void aChainHasOneViewForEachPartOfMemory() throws Exception {
    var keeper = new Keeper();
    try (var guest = guest();
        var transport = new TestTransport(guest).start(keeper, TestTransport.SPLIT, 16)) {
      add(transport.driver(0), 1);
      transport.ring(0).serve(keeper);
      DescriptorChain chain = keeper.kept.getFirst();
      Set<ByteBuffer> views = Collections.newSetFromMap(new IdentityHashMap<>());
      for (int round = 0; round < 2; round++) {
        for (int piece = 0; piece < PIECES; piece++) {
          ByteBuffer view = chain.pieceBuffer(piece);
          assertEquals(1, view.remaining());
          views.add(view);
        }
      }
      assertEquals(REGIONS, views.size());
      assertNotSame(chain.pieceBuffer(0), chain.pieceBuffer(1));
      keeper.completeAll();
    }
  }

  @Test
  void ofManyLargeRequestsFewStayLarge() throws Exception {
    int size = 128;
    var keeper = new Keeper();
    try (var guest = guest();
        var transport = new TestTransport(guest).start(keeper, TestTransport.SPLIT, size)) {
      add(transport.driver(0), size);
      transport.ring(0).serve(keeper);
      var chains = keeper.kept.stream().map(Chain.class::cast).toList();
      assertEquals(size, chains.size());
      assertTrue(chains.stream().allMatch(Chain::isLarge));
      keeper.completeAll();
      assertEquals(32, chains.stream().filter(Chain::isLarge).count());
    }
  }

  @Test
  void chainsAreMadeWhenTheyAreNeeded() throws Exception {
    var keeper = new Keeper();
    try (var guest = guest();
        var transport = new TestTransport(guest).start(keeper, TestTransport.SPLIT, 128)) {
      for (int round = 1; round <= 3; round++) {
        add(transport.driver(0), round);
        transport.ring(0).serve(keeper);
        assertEquals(
            round, keeper.kept.stream().mapToInt(DescriptorChain::slot).distinct().count());
        assertTrue(keeper.kept.stream().allMatch(chain -> chain.slot() < 3));
        keeper.completeAll();
        while (transport.driver(0).takeUsed()) {
          continue;
        }
      }
    }
  }

  private static GuestArena guest() {
    long[] sizes = new long[REGIONS];
    Arrays.fill(sizes, REGION_BYTES);
    return new GuestArena(BASE, sizes);
  }

  /** Requests of single bytes, each in another region than the one before. */
  private static void add(DriverQueue driver, int count) {
    driver.useIndirect(true);
    long[] addresses = new long[PIECES];
    int[] lengths = new int[PIECES];
    for (int piece = 0; piece < PIECES; piece++) {
      addresses[piece] = BASE + (long) (piece % REGIONS) * REGION_BYTES + 2 * piece;
      lengths[piece] = 1;
    }
    for (int i = 0; i < count; i++) {
      assertTrue(driver.add(addresses, lengths, PIECES, 0) >= 0);
    }
  }
}
