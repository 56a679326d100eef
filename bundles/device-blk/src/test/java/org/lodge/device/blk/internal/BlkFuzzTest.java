package org.lodge.device.blk.internal;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of the fuzzer, always the same. */
class BlkFuzzTest {
  @TempDir Path folder;

  @Test
  void anyRequestsLeaveTheDiskAsTheModelSays() {
    for (long seed = 0; seed < 30; seed++) {
      BlkFuzz.live(seed, folder);
    }
  }
}
