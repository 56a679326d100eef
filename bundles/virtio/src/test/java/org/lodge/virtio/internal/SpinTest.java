package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SpinTest {
  private int looks;
  private int workAt = Integer.MAX_VALUE;
  private boolean stopped;
  private final Spin spin = new Spin(() -> ++looks >= workAt, () -> stopped);

  @Test
  void aSlowDriverIsNotWaitedFor() {
    spin.asleep(0);
    spin.woken(Spin.LIMIT_NANOS + 1);
    assertFalse(spin.seesWork());
    assertEquals(0, looks);
  }

  @Test
  void aQuickDriversNextRequestIsSeenWithoutSleep() {
    workAt = 3;
    spin.asleep(0);
    spin.woken(Spin.LIMIT_NANOS);
    assertTrue(spin.seesWork());
    assertEquals(3, looks);
  }

  @Test
  void oneWaitInVainIsTheLastUntilTheDriverIsQuickAgain() {
    spin.asleep(0);
    spin.woken(1);
    assertFalse(spin.seesWork());
    assertTrue(looks > 0);
    looks = 0;
    assertFalse(spin.seesWork());
    assertEquals(0, looks);
    workAt = 1;
    spin.asleep(0);
    spin.woken(1);
    assertTrue(spin.seesWork());
  }

  @Test
  void nobodyIsWaitedForOnceTheRingHasStopped() {
    stopped = true;
    spin.asleep(0);
    spin.woken(1);
    assertFalse(spin.seesWork());
    assertEquals(1, looks);
  }
}
