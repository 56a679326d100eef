package org.lodge.vm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class VolumeUseTest {
  @Test
  void aDeviceIsAVolumeByItsNameOrByTheGuestThatKeepsIt() {
    assertEquals(Optional.of("data"), VolumeUse.ofDevice("blk", Map.of("volume", "data")));
    Map<String, Object> kept = Map.of("from", "storage", "export", "data");
    assertEquals(Optional.of("storage:data"), VolumeUse.ofDevice("blk", kept));
    assertEquals(Optional.empty(), VolumeUse.ofDevice("fs", kept));
    Map<String, Object> ofTheHost = Map.of("from", "host", "export", "data");
    assertEquals(Optional.empty(), VolumeUse.ofDevice("blk", ofTheHost));
    assertEquals(Optional.empty(), VolumeUse.ofDevice("blk", Map.of("path", "/data.img")));
  }
}
