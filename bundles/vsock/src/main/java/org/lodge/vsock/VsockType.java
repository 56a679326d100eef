package org.lodge.vsock;

/** The kinds of connection (virtio 1.2 section 5.10.6). */
public enum VsockType {
  /** Bytes without boundaries. */
  STREAM(1),
  /** Messages that keep their boundaries. */
  SEQPACKET(2);

  private final int wire;

  VsockType(int wire) {
    this.wire = wire;
  }

  /** The number in a packet's header. */
  public int wire() {
    return wire;
  }
}
