package org.lodge.virtio.ring;

import java.time.Duration;
import org.lodge.virtio.Device;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A queue with its hand on the ring in guest memory. It outlives the devices that serve it.
 *
 * <p>{@link #serve} belongs to the queue's thread; everything else is thread-safe. A device may
 * never come back from {@link #serve}, so what has to wait for that has a limit.
 */
@ProviderType
public interface Ring extends Virtqueue {

  /**
   * Lets a device take what is available until nothing is, then shows what it completed and asks
   * the driver to notify again. To be called when the ring was opened or resumed, after each kick,
   * and after {@link RingPort#wake}. Returns at once where the ring is paused, broken or closed.
   *
   * @throws RingException once, where the driver broke the rules: the ring stays open and broken,
   *     the device is to be told through the transport's means
   */
  void serve(Device device) throws RingException;

  /** Whether something is available that {@link #serve} would take; for bounded busy polling. */
  boolean hasWork();

  /** Lets {@link #poll} give nothing until {@link #resume}; waits for a running serve to end. */
  void pause();

  /**
   * As {@link #pause()}, but waits no longer than this.
   *
   * @return false where the device is still in serve; the ring is paused all the same
   */
  boolean pause(Duration limit);

  /** Undoes {@link #pause()}; the ring wants to be served then. Waits for nothing. */
  void resume();

  /** Serves no more because of a fault that the device found. */
  void fail();

  /** Whether a fault has stopped this ring for good. */
  boolean broken();

  /**
   * Goes on in other memory; requests in flight stay with the old one.
   *
   * @throws RingException where the ring's areas are not in it, or where the device is in serve for
   *     seconds; the ring is broken then
   */
  void replaceMemory(GuestMemory memory) throws RingException;

  /** Where the ring goes on. Exact only while it is paused and idle. */
  RingPosition position();

  /**
   * Ends this ring: what is completed from now on is dropped, the memory is held only for requests
   * that are still out. The inflight area keeps them, and the position, for the next ring that is
   * opened over it; see {@link Rings#settleInflight}.
   *
   * @return where to go on; requests that were handed back are not counted as taken where they were
   *     the last ones
   */
  RingPosition close();

  /**
   * As {@link #close()}, but waits no longer than this for a running serve to end. A device that
   * comes back later finds nothing more in this ring, and what it completes is dropped.
   */
  RingPosition close(Duration limit);

  /** What happened so far. */
  RingCounters counters();
}
