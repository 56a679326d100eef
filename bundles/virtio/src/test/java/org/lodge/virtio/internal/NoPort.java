package org.lodge.virtio.internal;

import org.lodge.virtio.ring.RingPort;

/** Nobody on the other side. */
record NoPort() implements RingPort {
  @Override
  public void call() {}

  @Override
  public void wake() {}
}
