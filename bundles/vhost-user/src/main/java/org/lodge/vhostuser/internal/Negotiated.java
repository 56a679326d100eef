package org.lodge.vhostuser.internal;

import org.lodge.vhostuser.ProtocolFeature;
import org.lodge.virtio.Feature;

/**
 * What front-end and driver have agreed on for the device as a whole. It stays while device logic
 * is replaced. Written by the control thread.
 */
final class Negotiated {
  /** In the device's features: there are protocol features, and rings are enabled by message. */
  static final long PROTOCOL_FEATURES = 1L << 30;

  /** Set by a front-end that logs writes for a migration; not offered, so without meaning. */
  private static final long LOG_ALL = 1L << 26;

  /** What we serve of the rings, whatever the device. */
  static final long RING_FEATURES =
      Feature.INDIRECT_DESC.mask()
          | Feature.EVENT_IDX.mask()
          | Feature.VERSION_1.mask()
          | Feature.RING_PACKED.mask();

  private static final long TRANSPORT_FEATURES = PROTOCOL_FEATURES | LOG_ALL;

  /** Some front-ends let the driver have these without asking us. */
  static final long NEVER_REFUSED =
      Feature.INDIRECT_DESC.mask() | Feature.EVENT_IDX.mask() | LOG_ALL;

  long features;
  long protocolFeatures;
  int status;
  final MemoryTable memory;

  /** Of the front-end; null where it keeps none. */
  private InflightArea inflight;

  Negotiated(MemoryTable memory) {
    this.memory = memory;
  }

  /** Without what concerns front-end and back-end only. */
  long driverFeatures() {
    return features & ~TRANSPORT_FEATURES;
  }

  /** Of those, what is the device's and not the rings'. */
  static long deviceFeatures(long features) {
    return features & ~RING_FEATURES & ~TRANSPORT_FEATURES;
  }

  boolean packed() {
    return Feature.RING_PACKED.in(features);
  }

  boolean hasProtocolFeatures() {
    return (features & PROTOCOL_FEATURES) != 0;
  }

  boolean acknowledges() {
    return ProtocolFeature.REPLY_ACK.in(protocolFeatures);
  }

  InflightArea inflight() {
    return inflight;
  }

  void restoreInflight(InflightArea area) {
    inflight = area;
  }

  /** Drops the former one. */
  void replaceInflight(InflightArea area) {
    if (inflight != null) {
      inflight.drop();
    }
    inflight = area;
  }
}
