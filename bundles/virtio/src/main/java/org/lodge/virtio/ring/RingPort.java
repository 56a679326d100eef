package org.lodge.virtio.ring;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * How a ring reaches the driver and its own thread. Both methods come from any thread, outside of
 * the ring's locks, must not block, and may still come after the ring was closed.
 */
@ConsumerType
public interface RingPort {

  /** Notifies the driver that buffers were used. */
  void call();

  /** Sees to it that {@link Ring#serve} is called soon. */
  void wake();
}
