package org.lodge.vm.internal;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;

/** The virtio socket that every guest has unless its definition says otherwise. */
final class VsockDevice {
  static final String TYPE = "vsock";
  static final String ID = "vsock";

  /** The device's key for the file by which a later Lodge resets what this one had open. */
  static final String LEDGER = "ledger";

  /** 0 to 2 are not guests; the upper half of 32 bits is left to others. */
  private static final long CID_MIN = 3;

  private static final long CID_MAX = 0x7fff_ffffL;

  private VsockDevice() {}

  static DeviceDeclaration of(String guest) {
    return new DeviceDeclaration(ID, TYPE, Map.of("cid", cid(guest)));
  }

  /**
   * The same for a guest whenever and wherever it runs. Two guests of one number would not be
   * confused: connections are told apart by the device that they come from.
   */
  static long cid(String guest) {
    CRC32 sum = new CRC32();
    sum.update(guest.getBytes(StandardCharsets.UTF_8));
    return CID_MIN + sum.getValue() % (CID_MAX - CID_MIN);
  }
}
