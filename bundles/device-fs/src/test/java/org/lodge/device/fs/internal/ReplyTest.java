package org.lodge.device.fs.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lodge.filesystem.Attributes;

/** A guest never relies on attributes for longer than its cache mode says. */
class ReplyTest {
  @ParameterizedTest
  @CsvSource({
    "NONE, 0, 0, 0",
    "NONE, 250000000, 0, 0",
    "AUTO, 0, 1, 0",
    "AUTO, 250000000, 0, 750000000",
    "AUTO, 3000000000, 0, 0",
    "ALWAYS, 250000000, 86399, 750000000"
  })
  void theAgeOfAttributesIsTakenOff(Caching caching, long ageNanos, long seconds, int nanos) {
    Attributes attributes = new Attributes();
    attributes.ageNanos = ageNanos;
    Reply plain = new Reply();
    plain.begin();
    plain.attributesOut(attributes, caching);
    Reply statx = new Reply();
    statx.begin();
    statx.statx(attributes, caching);
    for (Reply each : new Reply[] {plain, statx}) {
      ByteBuffer bytes = ByteBuffer.wrap(each.bytes()).order(ByteOrder.LITTLE_ENDIAN);
      assertEquals(seconds, bytes.getLong(Fuse.OUT_HEADER_BYTES));
      assertEquals(nanos, bytes.getInt(Fuse.OUT_HEADER_BYTES + 8));
    }
  }
}
