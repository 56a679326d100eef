package org.lodge.device.vsock.internal;

import java.nio.file.Path;
import java.util.Optional;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;

/**
 * What a person may say about a virtio socket device.
 *
 * @param cid the guest's context id, from 3 on
 * @param connectionsMax how many connections may be there at once
 * @param ledger the file in which a Lodge finds the connections of one that died
 * @param socket where host programs reach the guest with {@code CONNECT port}
 */
record VsockSettings(
    String guest, long cid, int connectionsMax, Optional<Path> ledger, Optional<Path> socket) {
  private static final int CONNECTIONS_MAX = 1024;

  /** Larger ids are no addresses: 2^32 - 1 means any, and the upper half is reserved. */
  private static final long CID_MAX = 0xffff_fffeL;

  static VsockSettings of(DeviceConfig config) throws DeviceException {
    config.allowOnly("cid", "connectionsMax", "ledger", "socket");
    if (!config.values().containsKey("cid")) {
      throw config.fault(
          "cid", "is missing; give a number of its own to each guest, as in \"cid\": 3");
    }
    return new VsockSettings(
        config.guest(),
        config.number("cid", 0, 3, CID_MAX),
        (int) config.number("connectionsMax", CONNECTIONS_MAX, 1, SavedConnections.CONNECTIONS_MAX),
        path(config, "ledger"),
        path(config, "socket"));
  }

  private static Optional<Path> path(DeviceConfig config, String key) throws DeviceException {
    return config.text(key).isPresent()
        ? Optional.of(config.requiredPath(key, "/run/lodge/work." + key))
        : Optional.empty();
  }
}
