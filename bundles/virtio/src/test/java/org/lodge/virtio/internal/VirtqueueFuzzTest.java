package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A short run of the fuzzer, always the same. */
class VirtqueueFuzzTest {

  @Test
  void noGarbageInARingBreaksMoreThanTheRing() {
    int broken = 0;
    long completed = 0;
    for (long seed = 0; seed < 5000; seed++) {
      VirtqueueFuzz.Outcome outcome = VirtqueueFuzz.live(seed);
      broken += outcome.broken() ? 1 : 0;
      completed += outcome.completed();
    }
    assertTrue(broken > 500 && broken < 4900, broken + " broken");
    assertTrue(completed > 50_000, completed + " completed");
  }

  /** Found by hours of it. */
  @ParameterizedTest
  @ValueSource(longs = 1280371)
  void whatOnceBrokeMoreStaysMended(long seed) {
    VirtqueueFuzz.live(seed);
  }
}
