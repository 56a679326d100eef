package org.lodge.vm.internal;

import java.util.Map;
import org.lodge.vhostuser.VhostUserBackends;

/** What vhost-user front-ends call the devices of virtio. */
final class FrontEnds {
  static final String BLK = "blk";
  static final String FS = "fs";

  /** By the device ids of virtio 1.2 section 5. */
  private static final Map<Integer, String> NAMES =
      Map.of(
          1, "net", 2, BLK, 4, "rng", 8, "scsi", 16, "gpu", 18, "input", 19, "vsock", 26, FS, 34,
          "i2c", 41, "gpio");

  private FrontEnds() {}

  /** That of the device that a guest sees in one of a type; the type's own name if unknown. */
  static String of(VhostUserBackends service, String type) {
    int id = service.virtioId(type).orElse(0);
    return NAMES.getOrDefault(id, type);
  }
}
