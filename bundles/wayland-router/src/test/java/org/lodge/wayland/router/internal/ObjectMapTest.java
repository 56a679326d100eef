package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;

class ObjectMapTest {
  private static final Interface TYPE = Interfaces.named("wl_callback");
  private static final int CYCLES = 10_000;

  private final Account account = new Account();
  private final Heap heap = new Heap(account, 1 << 20);

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void objectsThatComeAndGoLeaveNothing(boolean mapped) throws Exception {
    ObjectMap objects = new ObjectMap(mapped, 100, heap);
    int before = objects.room();
    assertEquals(0, account.heapBytes());
    for (int i = 0; i < CYCLES; i++) {
      WaylandObject made = objects.create(2, TYPE, 1);
      objects.destroyed(made);
      objects.deleted(made.upstreamId);
      WaylandObject offer = objects.createFromServer(ObjectMap.SERVER_FIRST, TYPE, 1);
      objects.destroyed(offer);
      objects.destroyed(objects.createForClient(TYPE, 1));
    }
    assertEquals(before, objects.room());
    assertEquals(Heap.bytesOf(TYPE), account.heapBytes());
    assertTrue(objects.size() <= 1, "the last number of the compositor is free once it says so");
  }

  @Test
  void tablesThatHaveGrownAreCountedToTheEnd() throws Exception {
    ObjectMap objects = new ObjectMap(false, 1000, heap);
    for (int id = 2; id < 900; id++) {
      objects.create(id, TYPE, 1);
    }
    for (int id = 2; id < 900; id++) {
      objects.deleted(id);
    }
    assertEquals(2 * 4 * (1024 - 64), account.heapBytes());
    heap.close();
    assertEquals(0, account.heapBytes());
  }

  @Test
  void numbersThatAreGivenHereAreGivenAgain() throws Exception {
    ObjectMap objects = new ObjectMap(true, 100, heap);
    int first = objects.create(2, TYPE, 1).upstreamId;
    int own = objects.createOwn(TYPE, 1).upstreamId;
    objects.deleted(first);
    objects.deleted(own);
    assertEquals(own, objects.createOwn(TYPE, 1).upstreamId);
    assertEquals(first, objects.create(2, TYPE, 1).upstreamId);
    assertEquals(own + 1, objects.create(3, TYPE, 1).upstreamId);
  }
}
