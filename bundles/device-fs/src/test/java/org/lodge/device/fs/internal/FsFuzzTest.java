package org.lodge.device.fs.internal;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A short run of the fuzzer, always the same. */
class FsFuzzTest {
  @TempDir Path folder;

  @Test
  void anyRequestGetsASoundReplyAndReachesNothingOutside() {
    for (long seed = 0; seed < 30; seed++) {
      FsFuzz.live(seed, folder);
    }
  }
}
