package org.lodge.virtio.ring;

import org.lodge.virtio.Pending;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * How a ring reaches the driver and its own thread. {@link #call} and {@link #wake} come from any
 * thread, outside of the ring's locks, must not block, and may still come after the ring was
 * closed.
 */
@ConsumerType
public interface RingPort {

  /** Notifies the driver that buffers were used. */
  void call();

  /** Sees to it that {@link Ring#serve} is called soon. */
  void wake();

  /**
   * Begins to wait for the event of something on the thread that serves, which is the caller, and
   * lets it finish then.
   *
   * @return false where this waits for nothing but the driver
   */
  default boolean attend(Pending pending) {
    return false;
  }

  /**
   * Whether {@link Ring#serve} may take up to 50 microseconds longer to wait for the driver's next
   * request without sleeping; it does so only while that pays. Not for a thread that has other
   * rings to serve. Asked by the thread that serves.
   */
  default boolean mayLinger() {
    return false;
  }
}
