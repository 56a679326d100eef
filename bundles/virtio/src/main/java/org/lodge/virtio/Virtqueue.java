package org.lodge.virtio;

import java.time.Duration;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One queue as its device sees it.
 *
 * <p>{@link #poll} belongs to the thread that is in {@link Device#serve}; the rest is thread-safe.
 */
@ProviderType
public interface Virtqueue {

  int index();

  /** The size that the driver chose; never more chains than this are out at once. */
  int size();

  /**
   * Takes the next request. Its descriptors are copied and checked, and it stays with the device
   * until {@link DescriptorChain#complete} or {@link DescriptorChain#handBack}.
   *
   * @return null where there is none, where the queue is paused, and to any other thread
   * @throws RingException where the driver broke the rules of the ring; thrown once, and null from
   *     then on
   */
  DescriptorChain poll() throws RingException;

  /**
   * Shows the driver what was completed by {@link DescriptorChain#completeBatched}, with at most
   * one notification. Not needed within {@link Device#serve}, which ends with it.
   */
  void publish();

  /** Asks for {@link Device#serve} to be called soon on the queue's thread. */
  void wake();

  /**
   * Lets the queue's thread see to something from now on, until {@link Pending#finish} says that it
   * is over; the queue may be closed meanwhile. Only within {@link Device#serve}.
   *
   * @return false where the transport can't; it is not closed then
   */
  boolean attend(Pending pending);

  /** How many chains are out. */
  int inFlight();

  /**
   * Waits until no chain is out.
   *
   * @return false where the limit passed first
   */
  boolean awaitIdle(Duration limit);
}
