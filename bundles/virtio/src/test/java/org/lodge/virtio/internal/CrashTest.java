package org.lodge.virtio.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.virtio.fixture.TestTransport;

/** A few kills in each build; {@link CrashTrial} does as many as one likes. */
class CrashTest {

  @ParameterizedTest
  @ValueSource(longs = {TestTransport.SPLIT, TestTransport.PACKED})
  void aServerThatIsKilledLosesNoRequest(long features) throws Exception {
    assertTrue(CrashTrial.run(3, features, 1).requests() > 100);
  }
}
