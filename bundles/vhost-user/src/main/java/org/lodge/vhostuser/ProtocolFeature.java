package org.lodge.vhostuser;

/** The vhost-user protocol features that Lodge implements. A bit it lacks is never offered. */
public enum ProtocolFeature {
  MQ(0),
  REPLY_ACK(3),
  BACKEND_REQ(5),
  CONFIG(9),
  INFLIGHT_SHMFD(12),
  RESET_DEVICE(13),
  CONFIGURE_MEM_SLOTS(15),
  STATUS(16),
  DEVICE_STATE(19);

  private final int bit;

  ProtocolFeature(int bit) {
    this.bit = bit;
  }

  public long mask() {
    return 1L << bit;
  }

  public boolean in(long features) {
    return (features & mask()) != 0;
  }
}
